#include "apps/weir/fluvio/consumer_offsets.h"
#include "apps/weir/fluvio/copy_reader.h"
#include "core/wire/codec.h"
#include "core/wire/error_code.h"
#include "tests/unit/apps/fluvio_files.h"

#include <gtest/gtest.h>

namespace weir::cli::fluvio {
namespace {

using test::fluvio_batch;
using test::FluvioFiles;
using test::joined;

constexpr const char* kFirst = "t-0/00000000000000000100.log";
constexpr const char* kSecond = "t-0/00000000000000000103.log";

Bytes text(std::string_view characters) {
    const ByteSpan bytes = as_bytes(characters);
    return Bytes(bytes.begin(), bytes.end());
}

// Records 100 and 101, record 102; 103 in a segment of its own.
const Bytes kTwo = fluvio_batch(100, {text("a"), text("b")});
const Bytes kOne = fluvio_batch(102, {text("c")});
const Bytes kNext = fluvio_batch(103, {text("d")});

struct Read {
    std::int64_t start = 0;
    std::int64_t end = 0;
    std::size_t batch_count = 0;
    std::size_t wrong_checksum_count = 0;
    std::uint64_t torn = 0;
    std::string damage;
};

Read read_all(const std::string& dir) {
    Read read;
    auto reader = CopyReader::open(dir);
    EXPECT_TRUE(reader.has_value());
    while (true) {
        const auto batch = reader->next();
        EXPECT_TRUE(batch.has_value());
        if (!batch.has_value() || !batch->has_value()) {
            break;
        }
        ++read.batch_count;
        read.wrong_checksum_count += (*batch)->crc_matches ? 0U : 1U;
    }
    read.start = reader->start().value();
    read.end = reader->end().value();
    read.torn = reader->torn_size_bytes();
    read.damage = reader->damage();
    return read;
}

TEST(FluvioLog, ReadsSegmentAfterSegment) {
    const FluvioFiles files;
    files.write(kFirst, joined({kTwo, kOne}));
    files.write("t-0/00000000000000000100.index", Bytes(64));
    files.write("t-0/replication.chk", Bytes(8));
    const Read read = read_all(files.write(kSecond, kNext));
    EXPECT_EQ(read.start, 100);
    EXPECT_EQ(read.end, 104);
    EXPECT_EQ(read.batch_count, 3U);
    EXPECT_EQ(read.wrong_checksum_count, 0U);
    EXPECT_EQ(read.torn, 0U);
    EXPECT_EQ(read.damage, "");
}

TEST(FluvioLog, ALogWithoutSegmentsIsEmpty) {
    const FluvioFiles files;
    EXPECT_EQ(read_all(files.root() + "/nothing").end, 0);
    EXPECT_EQ(read_all(files.write("e-0/00000000000000000000.log", Bytes())).end, 0);
}

// At every length: an unfinished write at the end, or damage when more follows.
TEST(FluvioLog, TellsAnUnfinishedWriteFromDamage) {
    const FluvioFiles files;
    const Bytes whole = joined({kTwo, kOne});
    for (std::size_t size = kTwo.size() + 1; size < whole.size(); ++size) {
        const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        const std::string dir = files.write(kFirst, cut);
        Read read = read_all(dir);
        EXPECT_EQ(read.end, 102);
        EXPECT_EQ(read.torn, size - kTwo.size());
        EXPECT_EQ(read.damage, "");
        files.write(kSecond, kNext);
        read = read_all(dir);
        EXPECT_EQ(read.end, 102);
        EXPECT_EQ(read.torn, 0U);
        EXPECT_NE(read.damage.find("not all there"), std::string::npos) << read.damage;
        std::filesystem::remove(files.root() + "/" + kSecond);
    }
}

// Any changed byte is seen, and what is in front of it is read.
TEST(FluvioLog, SeesEveryChangedByte) {
    const FluvioFiles files;
    const Bytes whole = joined({kTwo, kOne, kNext});
    for (std::size_t at = kTwo.size(); at < kTwo.size() + kOne.size(); ++at) {
        Bytes changed = whole;
        changed[at] ^= 0x40;
        const Read read = read_all(files.write(kFirst, changed));
        // The leader epoch is outside of the checksum, and always -1.
        const bool is_epoch = at >= kTwo.size() + 12 && at < kTwo.size() + 16;
        const bool seen = read.wrong_checksum_count == 1 || read.torn > 0 || !read.damage.empty();
        EXPECT_EQ(seen, !is_epoch) << at;
        EXPECT_GE(read.end, 102) << at;
        if (read.torn == 0 && read.damage.empty()) {
            EXPECT_EQ(read.end, 104) << at;
        }
    }
}

TEST(FluvioLog, AGapBetweenSegmentsIsDamage) {
    const FluvioFiles files;
    files.write(kFirst, kTwo);
    const Read read = read_all(files.write(kSecond, kNext));
    EXPECT_EQ(read.end, 102);
    EXPECT_EQ(read.batch_count, 1U);
    EXPECT_NE(read.damage.find("begins at offset 103"), std::string::npos) << read.damage;
}

Bytes change(std::uint8_t tag, const std::string& consumer, std::int64_t offset) {
    wire::Writer key;
    encode(key, ReplicaKey{"plain", 0});
    key.write_string(consumer);
    wire::Writer value;
    value.write_i64(offset);
    value.write_u64(1'795'423'463);
    wire::Writer writer;
    writer.write_u8(tag);
    if (tag < 2) {
        writer.write_byte_vector(key.span());
    }
    if (tag == 0) {
        writer.write_byte_vector(value.span());
    }
    return std::move(writer).take();
}

TEST(FluvioLog, TheLastChangeOfAConsumerOffsetCounts) {
    const FluvioFiles files;
    const std::string dir = files.write(
        "consumer-offset-0/00000000000000000000.log",
        joined({fluvio_batch(0, {change(0, "a", 5), change(0, "b", 6)}),
                fluvio_batch(2, {change(2, "", 0)}),
                fluvio_batch(3, {change(0, "a", 9), change(1, "b", 0), change(0, "c", 1)})}));
    std::vector<std::string> damages;
    const auto offsets = read_consumer_offsets(dir, damages);
    ASSERT_TRUE(offsets.has_value());
    EXPECT_TRUE(damages.empty());
    const std::vector<StoredConsumerOffset> expected = {
        {ReplicaKey{"plain", 0}, "a", 9, 1'795'423'463},
        {ReplicaKey{"plain", 0}, "c", 1, 1'795'423'463}};
    EXPECT_EQ(*offsets, expected);
}

TEST(FluvioLog, AChangeOfAnotherFormIsDamage) {
    const FluvioFiles files;
    std::vector<std::string> damages;
    const std::string dir =
        files.write("consumer-offset-0/00000000000000000000.log",
                    joined({fluvio_batch(0, {Bytes{7}}), fluvio_batch(1, {change(0, "a", 5)})}));
    const auto offsets = read_consumer_offsets(dir, damages);
    ASSERT_TRUE(offsets.has_value());
    EXPECT_EQ(offsets->size(), 1U);
    ASSERT_EQ(damages.size(), 1U);
    EXPECT_NE(damages[0].find("unknown tag 7"), std::string::npos) << damages[0];
}

}  // namespace
}  // namespace weir::cli::fluvio
