#include "apps/weir/profile.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace weir::cli {
namespace {

class Profile : public ::testing::Test {
public:
    ~Profile() override { std::filesystem::remove_all(folder_); }

protected:
    Profile() {
        folder_ =
            std::filesystem::temp_directory_path() /
            ("weir-profile-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
             ::testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::remove_all(folder_);
    }
    std::string path() const { return (folder_ / "config").string(); }
    ProfileFile load() const { return ProfileFile::load(path()).value(); }

private:
    std::filesystem::path folder_;
};

TEST_F(Profile, KeepsWhatOthersWrote) {
    std::filesystem::create_directories(std::filesystem::path(path()).parent_path());
    std::ofstream(path()) << "version = \"2.0\"\ncurrent_profile = \"other\"\n"
                             "[profile.other]\ncluster = \"far\"\n"
                             "[cluster.far]\nendpoint = \"192.0.2.1:9003\"\nunknown = 7\n"
                             "[cluster.far.tls]\ntls_policy = \"anonymous\"\n";
    ProfileFile file = load();
    ClusterEntry entry;
    entry.endpoint = "127.0.0.1:9003";
    entry.installation = "local";
    file.put("local", entry);
    ASSERT_TRUE(file.switch_to("local").has_value());
    ASSERT_TRUE(file.save().has_value());

    const ProfileFile again = load();
    EXPECT_EQ(again.current(), "local");
    EXPECT_EQ(again.cluster("local")->endpoint, "127.0.0.1:9003");
    EXPECT_EQ(again.cluster("far")->endpoint, "192.0.2.1:9003");
    EXPECT_EQ(again.cluster("far")->tls_policy, "anonymous");
    EXPECT_NE(again.export_profile("other")->find("unknown = 7"), std::string::npos);
}

TEST_F(Profile, RenamesAndRemoves) {
    ProfileFile file = load();
    EXPECT_FALSE(file.current().has_value());
    file.put("a", ClusterEntry());
    ASSERT_TRUE(file.switch_to("a").has_value());
    ASSERT_TRUE(file.rename("a", "b").has_value());
    EXPECT_EQ(file.current(), "b");
    EXPECT_EQ(file.rename("a", "c").error().code, ErrorCode::not_found);
    EXPECT_EQ(file.switch_to("a").error().code, ErrorCode::not_found);
    ASSERT_TRUE(file.remove_profile("b").has_value());
    EXPECT_FALSE(file.current().has_value());
    EXPECT_TRUE(file.profiles().empty());
    EXPECT_FALSE(file.cluster("a").has_value());
}

TEST_F(Profile, RemovesAClusterThatNoProfileNames) {
    ProfileFile file = load();
    ClusterEntry entry;
    entry.endpoint = "192.0.2.1:9003";
    file.put("a", entry);
    const Result<void> named = file.remove_cluster("a", false);
    ASSERT_FALSE(named.has_value());
    EXPECT_EQ(named.error().code, ErrorCode::already_exists);
    EXPECT_NE(named.error().context.find("\"a\": a;"), std::string::npos) << named.error().context;
    EXPECT_TRUE(file.cluster("a").has_value());
    EXPECT_EQ(file.remove_cluster("b", true).error().code, ErrorCode::not_found);
    ASSERT_TRUE(file.remove_cluster("a", true).has_value());
    EXPECT_FALSE(file.cluster("a").has_value());
    EXPECT_EQ(file.profiles().size(), 1U);
}

TEST_F(Profile, SaysWhatIsWrongWithAFile) {
    std::filesystem::create_directories(std::filesystem::path(path()).parent_path());
    std::ofstream(path()) << "current_profile = \n";
    const Result<ProfileFile> file = ProfileFile::load(path());
    ASSERT_FALSE(file.has_value());
    EXPECT_NE(file.error().context.find("line 1"), std::string::npos) << file.error().context;
}

}  // namespace
}  // namespace weir::cli
