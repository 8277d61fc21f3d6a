// The recorded conversations of real clients with a real cluster, in tests/data/captures (its
// README describes the format). Tests run in the source root, so that the relative path is right.
#pragma once

#include "core/base/bytes.h"
#include "tests/support/hex.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace weir::test {

struct CapturedFrame {
    bool from_client = false;
    // Since the connection was made.
    int at_ms = 0;
    // Without the length field.
    Bytes payload;
    // "file:line", for failures.
    std::string where;
};

struct Capture {
    std::string path;
    std::vector<CapturedFrame> frames;
};

// One connection. The client's frames and the server's, in the order in which the relay saw them.
inline Capture load_capture(const std::string& path) {
    Capture capture;
    capture.path = path;
    std::ifstream file(path);
    EXPECT_TRUE(file.good()) << path;
    std::string line;
    int number = 0;
    while (std::getline(file, line)) {
        ++number;
        if (line.empty()) {
            continue;
        }
        CapturedFrame frame;
        frame.where = path + ":" + std::to_string(number);
        frame.from_client = line[0] == '>';
        frame.at_ms = std::stoi(line.substr(2));
        frame.payload = from_hex(std::string_view(line).substr(line.rfind(' ') + 1));
        const std::size_t at = line.find(" len=");
        EXPECT_NE(at, std::string::npos) << frame.where;
        EXPECT_EQ(frame.payload.size(), std::stoul(line.substr(at + 5))) << frame.where;
        capture.frames.push_back(std::move(frame));
    }
    return capture;
}

// Every connection to a kind of server: prefix "spu" or "sc".
inline std::vector<Capture> load_captures(const std::string& prefix) {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator("tests/data/captures")) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(prefix) && name.ends_with(".txt")) {
            paths.push_back(entry.path().string());
        }
    }
    std::sort(paths.begin(), paths.end());
    std::vector<Capture> captures;
    captures.reserve(paths.size());
    for (const std::string& path : paths) {
        captures.push_back(load_capture(path));
    }
    return captures;
}

}  // namespace weir::test
