// The recorded conversations of real clients (tests/data/captures) as requests and answers, in the
// order in which the clients ran.
//
// Values without behaviour, read once; a damaged recording fails the test that loads it.
#pragma once

#include "core/wire/header.h"
#include "tests/support/capture.h"

#include <optional>
#include <string>
#include <vector>

namespace weir::test {

// What a recorded frame is about. A correlation id may be used twice on a connection (ApiVersions
// and the first request after it), so that answers are matched to requests by index.
struct Exchange {
    bool from_client = false;
    // Since the connection was made.
    int at_ms = 0;
    // Index of the request among the connection's requests, for both directions.
    std::size_t request = 0;
    // Of the request.
    wire::RequestHeader header;
    Bytes payload;
    std::string where;
    // After the header.
    ByteSpan body() const { return ByteSpan(payload).subspan(body_position); }
    std::size_t body_position = 0;
};

struct Dialogue {
    // Empty: the SC. Else the SPU.
    std::optional<std::int32_t> spu;
    std::vector<Exchange> exchanges;
};

// One command of a client.
struct Conversation {
    // For instance "cli-0.18.1/topic-create".
    std::string name;
    std::vector<Dialogue> dialogues;
};

// A Watch or a StreamFetch: any number of answers.
bool is_stream(const Dialogue& dialogue, const wire::RequestHeader& header);

// The commands that ran one after another on one fresh cluster of the SPUs 5001 and 5002.
std::vector<Conversation> first_cluster_conversations();
std::vector<Conversation> second_cluster_conversations();

}  // namespace weir::test
