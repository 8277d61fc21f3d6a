weir_test(NAME record_contract_test LABEL unit
    SOURCES record_contract_test.cc
    DEPS weir_real weir_record)
weir_test(NAME record_test LABEL unit
    SOURCES record_test.cc
    DEPS weir_real weir_record)
