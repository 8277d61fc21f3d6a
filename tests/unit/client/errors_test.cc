// What people read when a request failed: the sentences of Fluvio's clients (control-plane spec 7
// and 9).
#include "core/client/errors.h"

#include <gtest/gtest.h>

namespace weir::client {
namespace {

using wire::ApiError;
using wire::ErrorTag;

wire::Status status(ApiError error, std::optional<std::string> message = std::nullopt) {
    wire::Status failed;
    failed.name = "one";
    failed.error = std::move(error);
    failed.message = std::move(message);
    return failed;
}

TEST(ErrorSentences, SomeCodesHaveOneWhateverTheServerSays) {
    const std::vector<std::pair<ApiError, std::string>> fixed = {
        {ApiError(ErrorTag::topic_not_found), "Topic not found"},
        {ApiError(ErrorTag::topic_already_exists), "Topic already exists"},
        {ApiError(ErrorTag::topic_invalid_name),
         "Invalid topic name: topic name may only include lowercase letters (a-z), numbers (0-9), "
         "and hyphens (-)."},
        {ApiError(ErrorTag::managed_connector_not_found), "Connector not found"},
        {ApiError(ErrorTag::managed_connector_already_exists), "Connector already exists"},
        {ApiError::with_text(ErrorTag::smartmodule_not_found, "sm1"), "SmartModule not found"},
        {ApiError(ErrorTag::table_format_not_found), "TableFormat not found"},
        {ApiError(ErrorTag::table_format_already_exists), "TableFormat already exists"},
        {ApiError(ErrorTag::mirror_not_found), "Mirror not found"},
    };
    for (const auto& [error, sentence] : fixed) {
        EXPECT_EQ(describe(status(error)), sentence);
        EXPECT_EQ(describe(status(error, "what the server says")), sentence);
    }
}

TEST(ErrorSentences, OtherCodesPrintWhatTheServerSays) {
    const std::string text = "retention_secs 1 is less than minimum 10";
    EXPECT_EQ(describe(status(ApiError(ErrorTag::topic_invalid_configuration), text)), text);
    EXPECT_EQ(describe(status(ApiError(ErrorTag::spu_not_found), "not found")), "not found");
    EXPECT_EQ(describe(status(ApiError::other("payload"), "message")), "message");
}

TEST(ErrorSentences, WithoutAMessageTheCodeSpeaks) {
    ApiError deletion(ErrorTag::system_spec_deletion_attempt, wire::ErrorTwoTexts{"topic", "sys"});
    EXPECT_EQ(describe(status(deletion)), "system topic 'sys' can only be deleted forcibly");
    ApiError update(ErrorTag::system_spec_updating_attempt, wire::ErrorTwoTexts{"topic", "sys"});
    EXPECT_EQ(describe(status(update)), "system topic 'sys' can only be updated forcibly");
    EXPECT_EQ(describe(status(ApiError(ErrorTag::topic_deleted))), "the topic was deleted");
    EXPECT_EQ(describe(ApiError(ErrorTag::compression_error)),
              "a compression error occurred in the SPU");
    EXPECT_EQ(describe(ApiError(ErrorTag::not_leader_for_partition)),
              "the given SPU is not the leader for the partition");
    EXPECT_EQ(describe(ApiError::other("why")), "why");
}

}  // namespace
}  // namespace weir::client
