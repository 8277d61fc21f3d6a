weir_test(NAME real_contract_test LABEL unit
    SOURCES real_contract_test.cc
    DEPS weir_real)
weir_test(NAME real_runtime_test LABEL unit
    SOURCES real_disk_test.cc real_loop_test.cc
    DEPS weir_real)
