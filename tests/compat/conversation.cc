#include "tests/compat/conversation.h"

#include "core/wire/api_key.h"
#include "core/wire/control_plane.h"

#include <map>

namespace weir::test {
namespace {

// The order follows from the epochs that the recorded watches carry.
constexpr const char* kFirst[] = {
    "cli-0.18.1/version",
    "cli-0.18.1/spu-list",
    "cli-0.18.1/spu-register",
    "cli-0.18.1/spu-register-duplicate",
    "cli-0.18.1/spu-unregister",
    "cli-0.18.1/spu-unregister-unknown",
    "cli-0.18.1/topic-create",
    "cli-0.18.1/topic-create-partitions",
    "cli-0.18.1/topic-create-replicated",
    "cli-0.18.1/topic-create-dry-run",
    "cli-0.18.1/topic-create-all-options",
    "cli-0.18.1/topic-create-assigned",
    "cli-0.18.1/topic-create-duplicate",
    "cli-0.18.1/topic-create-retention-too-short",
    "cli-0.18.1/topic-create-segment-too-small",
    "cli-0.18.1/topic-create-partition-too-small",
    "cli-0.18.1/topic-create-max-below-segment",
    "cli-0.18.1/topic-create-system",
    "cli-0.18.1/topic-list",
    "cli-0.18.1/topic-list-json",
    "cli-0.18.1/topic-list-system",
    "cli-0.18.1/topic-describe",
    "cli-0.18.1/topic-add-partition",
    "cli-0.18.1/partition-list",
    "cli-0.18.1/partition-list-system",
    "cli-0.18.1/produce-lines",
    "cli-0.18.1/produce-file",
    "cli-0.18.1/produce-raw",
    "cli-0.18.1/produce-keyed",
    "cli-0.18.1/produce-partition",
    "cli-0.18.1/produce-gzip",
    "cli-0.18.1/produce-snappy",
    "cli-0.18.1/produce-lz4",
    "cli-0.18.1/produce-zstd",
    "cli-0.18.1/produce-read-committed",
    "cli-0.18.1/produce-at-most-once",
    "cli-0.18.1/produce-linger-batch",
    "cli-0.18.1/produce-missing-topic",
    "cli-0.18.1/produce-wrong-compression",
    "cli-0.18.1/consume-all",
    "cli-0.18.1/consume-head",
    "cli-0.18.1/consume-tail",
    "cli-0.18.1/consume-range",
    "cli-0.18.1/consume-format",
    "cli-0.18.1/consume-keys-json",
    "cli-0.18.1/consume-committed",
    "cli-0.18.1/consume-max-bytes",
    "cli-0.18.1/consume-id-first",
    "cli-0.18.1/consume-id-again",
    "cli-0.18.1/consume-missing-topic",
    "cli-0.18.1/consumer-list",
    "cli-0.18.1/consumer-delete",
    "cli-0.18.1/consume-live",
    "cli-0.18.1/smartmodule-create",
    "cli-0.18.1/smartmodule-list",
    "cli-0.18.1/smartmodule-delete",
    "cli-0.18.1/smartmodule-delete-unknown",
    "cli-0.18.1/table-format-create",
    "cli-0.18.1/table-format-create-duplicate",
    "cli-0.18.1/table-format-list",
    "cli-0.18.1/table-format-delete",
    "cli-0.18.1/remote-register",
    "cli-0.18.1/remote-list",
    "cli-0.18.1/topic-create-mirror",
    "cli-0.18.1/topic-add-mirror",
    "cli-0.18.1/remote-export",
    "cli-0.18.1/remote-unregister",
    "cli-0.18.1/home-status",
    "cli-0.18.1/spg-list",
    "cli-0.18.1/smartmodule-on-empty-consume",
    "cli-0.18.1/topic-delete",
    "cli-0.18.1/topic-delete-unknown",
    "cli-0.18.1/topic-delete-system-refused",
    "cli-0.18.1/topic-delete-system-forced",
};

constexpr const char* kSecond[] = {
    "cli-0.18.1/topic-create-config",
    "python-0.21.0/topic-create",
    "python-0.21.0/topic-create-spec",
    "python-0.21.0/topic-list",
    "python-0.21.0/partition-list",
    "python-0.21.0/produce",
    "python-0.21.0/produce-gzip-committed",
    "python-0.21.0/consume",
    "python-0.21.0/consume-multi",
    "python-0.21.0/consume-offset-manual",
    "python-0.21.0/consume-offset-resume",
    "python-0.21.0/topic-delete",
    "python-0.21.0/topic-delete-unknown",
    "node-0.14.9/admin",
    "node-0.14.9/produce",
    "node-0.14.9/consume",
    "node-0.14.9/topic-delete",
};

Exchange exchange_of(CapturedFrame&& frame, std::map<CorrelationId, std::size_t>& latest,
                     std::vector<wire::RequestHeader>& requests) {
    Exchange exchange;
    exchange.from_client = frame.from_client;
    exchange.at_ms = frame.at_ms;
    exchange.where = std::move(frame.where);
    exchange.payload = std::move(frame.payload);
    wire::Reader reader(exchange.payload);
    if (exchange.from_client) {
        const auto header = wire::decode_request_header(reader);
        EXPECT_TRUE(header.has_value()) << exchange.where;
        latest[header->correlation_id] = requests.size();
        exchange.request = requests.size();
        requests.push_back(*header);
    } else {
        const auto id = wire::decode_response_header(reader);
        EXPECT_TRUE(id.has_value() && latest.contains(*id)) << exchange.where;
        exchange.request = latest[*id];
    }
    exchange.header = requests[exchange.request];
    exchange.body_position = reader.position();
    return exchange;
}

Dialogue load_dialogue(const std::filesystem::path& path) {
    Dialogue dialogue;
    const std::string name = path.filename().string();
    if (name.starts_with("spu")) {
        dialogue.spu = std::stoi(name.substr(3, 4));
    }
    std::map<CorrelationId, std::size_t> latest;
    std::vector<wire::RequestHeader> requests;
    for (CapturedFrame& frame : load_capture(path.string()).frames) {
        dialogue.exchanges.push_back(exchange_of(std::move(frame), latest, requests));
    }
    return dialogue;
}

template <std::size_t N>
std::vector<Conversation> load(const char* const (&names)[N]) {
    std::vector<Conversation> conversations;
    for (const char* name : names) {
        Conversation conversation;
        conversation.name = name;
        std::vector<std::filesystem::path> paths;
        for (const auto& entry :
             std::filesystem::directory_iterator(std::string("tests/data/captures/") + name)) {
            if (entry.path().filename() != "command.txt") {
                paths.push_back(entry.path());
            }
        }
        std::sort(paths.begin(), paths.end());
        for (const std::filesystem::path& path : paths) {
            conversation.dialogues.push_back(load_dialogue(path));
        }
        EXPECT_FALSE(conversation.dialogues.empty()) << name;
        conversations.push_back(std::move(conversation));
    }
    return conversations;
}

}  // namespace

bool is_stream(const Dialogue& dialogue, const wire::RequestHeader& header) {
    return dialogue.spu.has_value()
               ? header.api_key == static_cast<std::uint16_t>(wire::SpuApi::stream_fetch)
               : header.api_key == static_cast<std::uint16_t>(wire::ScApi::watch);
}

std::vector<Conversation> first_cluster_conversations() {
    return load(kFirst);
}
std::vector<Conversation> second_cluster_conversations() {
    return load(kSecond);
}

}  // namespace weir::test
