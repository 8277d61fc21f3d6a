weir_test(NAME real_contract_test LABEL unit
    SOURCES real_contract_test.cc
    DEPS weir_real)
