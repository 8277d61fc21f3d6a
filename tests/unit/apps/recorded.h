// What was recorded of Fluvio's command line: what it printed, sent, and was answered
// (tests/data/captures/README.md).
#pragma once

#include "core/wire/control_plane.h"
#include "core/wire/header.h"
#include "tests/support/capture.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

namespace weir::cli {

inline const std::string kFolder = "tests/data/captures/cli-0.18.1/";

inline std::string recorded_stdout(const std::string& command) {
    std::ifstream file(kFolder + command + "/command.txt");
    std::stringstream text;
    text << file.rdbuf();
    const std::string all = text.str();
    const std::string begin = "--- stdout\n";
    const std::size_t start = all.find(begin);
    const std::size_t end = all.find("\n--- stderr");
    EXPECT_NE(start, std::string::npos) << command;
    EXPECT_NE(end, std::string::npos) << command;
    return all.substr(start + begin.size(), end - start - begin.size());
}

// The answer to the List request of a recorded command.
template <typename T>
std::vector<T> recorded_list(const std::string& command) {
    const test::Capture capture = test::load_capture(kFolder + command + "/sc-001.txt");
    const Bytes* request = nullptr;
    for (const test::CapturedFrame& frame : capture.frames) {
        wire::Reader reader(frame.payload);
        if (frame.from_client) {
            const wire::RequestHeader header = wire::decode_request_header(reader).value();
            if (header.api_key == static_cast<std::uint16_t>(wire::ScApi::list)) {
                request = &frame.payload;
            }
            continue;
        }
        if (request != nullptr) {
            wire::Reader asked(*request);
            const wire::RequestHeader header = wire::decode_request_header(asked).value();
            if (wire::decode_response_header(reader).value() == header.correlation_id) {
                const wire::ListResponse response =
                    wire::decode_list_response(reader, header.api_version).value();
                return std::get<std::vector<T>>(response.objects);
            }
        }
    }
    ADD_FAILURE() << "no list in " << command;
    return {};
}

// The request of a recorded command that creates something.
inline wire::CreateRequest recorded_create(const std::string& command) {
    const test::Capture capture = test::load_capture(kFolder + command + "/sc-001.txt");
    for (const test::CapturedFrame& frame : capture.frames) {
        wire::Reader reader(frame.payload);
        if (!frame.from_client) {
            continue;
        }
        const wire::RequestHeader header = wire::decode_request_header(reader).value();
        if (header.api_key == static_cast<std::uint16_t>(wire::ScApi::create)) {
            return wire::decode_create_request(reader, header.api_version).value();
        }
    }
    ADD_FAILURE() << "no create in " << command;
    return wire::CreateRequest();
}

}  // namespace weir::cli
