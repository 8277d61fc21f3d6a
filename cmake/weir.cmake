# Target helpers. Every target of the project is declared through one of these, so that flags,
# labels and output folders are decided in one place.

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(tl-expected CONFIG REQUIRED)
find_package(GTest REQUIRED)
find_package(rapidcheck CONFIG REQUIRED)
find_package(benchmark CONFIG REQUIRED)

add_library(weir_flags INTERFACE)
target_include_directories(weir_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(weir_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
    -Woverloaded-virtual -Wswitch-enum -Wunused-result -Werror
    -fno-strict-aliasing -ffp-contract=off
    $<$<CXX_COMPILER_ID:Clang>:-Wdangling -Wthread-safety>
    # g++ 12 reports false positives in inlined standard containers at -O2.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds
      -Wno-restrict -Wno-dangling-pointer -Wno-mismatched-new-delete -Wno-use-after-free>)
if(WEIR_MUTANTS)
    target_compile_definitions(weir_flags INTERFACE WEIR_MUTANTS=1)
endif()

# weir_library(NAME target SOURCES a.cc ... DEPS other ...)
function(weir_library)
    cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPS" ${ARGN})
    add_library(${ARG_NAME} STATIC ${ARG_SOURCES})
    target_link_libraries(${ARG_NAME} PUBLIC weir_flags ${ARG_DEPS})
endfunction()

# weir_executable(NAME target SOURCES ... DEPS ...): a program a person runs, in <build>/bin.
function(weir_executable)
    cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPS" ${ARGN})
    add_executable(${ARG_NAME} ${ARG_SOURCES})
    target_link_libraries(${ARG_NAME} PRIVATE weir_flags ${ARG_DEPS})
endfunction()

# weir_test(NAME target LABEL unit|prop|wire|sim-fast|sim-slow SOURCES ... DEPS ...
#           [ARGS ...] [TIMEOUT seconds] [NO_MAIN])
# One ctest entry per binary; gtest's main unless NO_MAIN. Runs with the source root as its
# working folder, so that test data is found by a relative path.
function(weir_test)
    cmake_parse_arguments(ARG "NO_MAIN" "NAME;LABEL;TIMEOUT" "SOURCES;DEPS;ARGS" ${ARGN})
    add_executable(${ARG_NAME} ${ARG_SOURCES})
    set_target_properties(${ARG_NAME} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    target_link_libraries(${ARG_NAME} PRIVATE weir_flags ${ARG_DEPS} rapidcheck GTest::gtest)
    if(NOT ARG_NO_MAIN)
        target_link_libraries(${ARG_NAME} PRIVATE GTest::gtest_main)
    endif()
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME} ${ARG_ARGS}
             WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${ARG_NAME} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
endfunction()

# weir_fuzz(NAME target SOURCES ... DEPS ...): a libFuzzer target with its corpus in
# fuzz/corpus/<target>. Without WEIR_FUZZ it is built against a small driver that replays the
# corpus, so that every build checks that the corpus still passes.
function(weir_fuzz)
    cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPS" ${ARGN})
    if(WEIR_FUZZ)
        add_executable(${ARG_NAME} ${ARG_SOURCES})
        target_link_options(${ARG_NAME} PRIVATE -fsanitize=fuzzer)
    else()
        add_executable(${ARG_NAME} ${ARG_SOURCES} ${CMAKE_SOURCE_DIR}/fuzz/replay_main.cc)
        add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME} ${CMAKE_SOURCE_DIR}/fuzz/corpus/${ARG_NAME})
        set_tests_properties(${ARG_NAME} PROPERTIES LABELS fuzz-smoke TIMEOUT 120)
    endif()
    set_target_properties(${ARG_NAME} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    target_link_libraries(${ARG_NAME} PRIVATE weir_flags ${ARG_DEPS})
endfunction()

# weir_bench(NAME target SOURCES ... DEPS ... [SMOKE args...]): a benchmark program; SMOKE runs it
# with a tiny size inside ctest, so that it never rots.
function(weir_bench)
    cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPS;SMOKE" ${ARGN})
    add_executable(${ARG_NAME} ${ARG_SOURCES})
    set_target_properties(${ARG_NAME} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
    target_link_libraries(${ARG_NAME} PRIVATE weir_flags ${ARG_DEPS} benchmark::benchmark)
    if(ARG_SMOKE)
        add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME} ${ARG_SMOKE})
        set_tests_properties(${ARG_NAME} PROPERTIES LABELS bench-smoke TIMEOUT 120)
    endif()
endfunction()
