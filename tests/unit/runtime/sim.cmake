weir_test(NAME sim_world_test LABEL unit
    SOURCES sim_world_test.cc
    DEPS weir_sim)
weir_test(NAME sim_contract_test LABEL unit
    SOURCES sim_contract_test.cc
    DEPS weir_sim)
weir_test(NAME sim_disk_test LABEL unit
    SOURCES sim_disk_test.cc
    DEPS weir_sim)
weir_test(NAME sim_faults_test LABEL unit
    SOURCES sim_faults_test.cc
    DEPS weir_sim)
weir_test(NAME sim_store_test LABEL unit
    SOURCES sim_store_test.cc
    DEPS weir_sim_check)

# What the keys of a scenario do to a run.
weir_test(NAME weir_sim_scenario_test LABEL unit
    SOURCES sim_scenario_test.cc
    DEPS weir_heap_hook weir_scenarios)
