// A Fluvio data folder for one test, with logs that the test writes.
#pragma once

#include "core/model/batch.h"
#include "core/wire/record.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace weir::test {

class FluvioFiles {
public:
    FluvioFiles()
        : root_(std::filesystem::path(testing::TempDir()) /
                (std::string("fluvio-") +
                 testing::UnitTest::GetInstance()->current_test_info()->name())) {
        std::filesystem::remove_all(root_);
        std::filesystem::create_directories(root_);
    }
    ~FluvioFiles() { std::filesystem::remove_all(root_); }
    FluvioFiles(const FluvioFiles&) = delete;
    FluvioFiles& operator=(const FluvioFiles&) = delete;

    // `path` is relative.
    std::string write(const std::string& path, const Bytes& bytes) const {
        const std::filesystem::path whole = root_ / path;
        std::filesystem::create_directories(whole.parent_path());
        std::ofstream(whole, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
        return whole.parent_path().string();
    }
    std::string root() const { return root_.string(); }

private:
    std::filesystem::path root_;
};

// Records without keys.
inline Bytes fluvio_batch(std::int64_t base_offset, const std::vector<Bytes>& values) {
    wire::PayloadBuilder payload;
    for (const Bytes& value : values) {
        payload.add(std::nullopt, value, 0);
    }
    BatchHeader header;
    header.base_offset = Offset(base_offset);
    header.last_offset_delta = static_cast<std::int32_t>(values.size()) - 1;
    return make_batch(header, std::move(payload).take());
}

inline Bytes joined(const std::vector<Bytes>& parts) {
    Bytes all;
    for (const Bytes& part : parts) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

}  // namespace weir::test
