weir_test(NAME sim_world_test LABEL unit
    SOURCES sim_world_test.cc
    DEPS weir_sim)
