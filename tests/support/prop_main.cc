// main of a property test: 1,000 cases of each property unless RC_PARAMS says otherwise
// (RC_PARAMS="max_success=10000", "seed=42").

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

int main(int argc, char** argv) {
    const char* const given = std::getenv("RC_PARAMS");
    std::string params = given != nullptr ? given : "";
    if (params.find("max_success") == std::string::npos) {
        params += " max_success=1000";
    }
    // Before the first property reads it.
    setenv("RC_PARAMS", params.c_str(), 1);
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
