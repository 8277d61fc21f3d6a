// What a power loss may and may not do to the simulated disk.

#include "runtime/sim/disk/disk_image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace weir::sim {
namespace {

DiskNodePtr create(DiskImage& image, std::string_view path) {
    Result<DiskNodePtr> node = image.open(path, OpenMode::open_or_create);
    EXPECT_TRUE(node.has_value());
    return *node;
}

Bytes filled(std::size_t size, std::uint8_t value) {
    return Bytes(size, value);
}

TEST(DiskImage, SyncedBytesUnderASyncedNameSurviveEveryLoss) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        DiskImage image(1U << 20);
        sim::Draws draws{Prng(seed)};
        ASSERT_TRUE(image.create_directories("d").has_value());
        const DiskNodePtr file = create(image, "d/f");
        ASSERT_TRUE(image.directory_synced("").has_value());
        ASSERT_TRUE(image.directory_synced("d").has_value());
        ASSERT_TRUE(image.write(*file, 0, filled(2'000, 1)).has_value());
        image.file_synced(*file, image.sequence());
        ASSERT_TRUE(image.write(*file, 1'500, filled(3'000, 2)).has_value());
        image.power_loss(draws, static_cast<LossMode>(seed % 4));
        const DiskNodePtr found = image.find("d/f");
        ASSERT_NE(found, nullptr);
        ASSERT_GE(found->size(), 2'000U);
        for (std::size_t i = 0; i < 1'500; ++i) {
            ASSERT_EQ(found->content()[i], 1);
        }
        // Each sector stands before or after the unsynced write, as a whole.
        for (std::size_t i = 1'500; i < found->size(); ++i) {
            const std::uint8_t before = i < 2'000 ? 1 : 0;
            const std::uint8_t value = found->content()[i];
            ASSERT_TRUE(value == before || value == 2) << i;
            if (i % kSectorBytes != 0 && i != 1'500 && i != 2'000 && i < found->size()) {
                const std::uint8_t previous = found->content()[i - 1];
                ASSERT_EQ(previous == 2, value == 2) << i;
            }
        }
        EXPECT_EQ(image.used_bytes(), found->size());
    }
}

TEST(DiskImage, EveryCombinationOfTornSectorsIsReached) {
    std::set<std::string> outcomes;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        DiskImage image(1U << 20);
        sim::Draws draws{Prng(seed)};
        const DiskNodePtr file = create(image, "f");
        ASSERT_TRUE(image.directory_synced("").has_value());
        ASSERT_TRUE(image.allocate(*file, 3 * kSectorBytes).has_value());
        image.file_synced(*file, image.sequence());
        ASSERT_TRUE(image.write(*file, 0, filled(3 * kSectorBytes, 7)).has_value());
        image.power_loss(draws, LossMode::sectors);
        std::string outcome;
        for (std::size_t sector = 0; sector < 3; ++sector) {
            outcome += file->content()[sector * kSectorBytes] == 7 ? '1' : '0';
        }
        outcomes.insert(outcome);
    }
    EXPECT_EQ(outcomes.size(), 8U);
}

TEST(DiskImage, IntermediateVersionsOfASectorAreReached) {
    std::set<int> seen;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        DiskImage image(1U << 20);
        sim::Draws draws{Prng(seed)};
        const DiskNodePtr file = create(image, "f");
        ASSERT_TRUE(image.directory_synced("").has_value());
        ASSERT_TRUE(image.write(*file, 0, filled(100, 1)).has_value());
        image.file_synced(*file, image.sequence());
        ASSERT_TRUE(image.write(*file, 0, filled(100, 2)).has_value());
        ASSERT_TRUE(image.write(*file, 0, filled(100, 3)).has_value());
        image.power_loss(draws, LossMode::sectors);
        seen.insert(file->content()[0]);
    }
    EXPECT_EQ(seen, (std::set<int>{1, 2, 3}));
}

TEST(DiskImage, UnsyncedNamesMayBeLostAndSyncedOnesNot) {
    bool lost = false;
    bool kept = false;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        DiskImage image(1U << 20);
        sim::Draws draws{Prng(seed)};
        create(image, "old");
        ASSERT_TRUE(image.directory_synced("").has_value());
        const DiskNodePtr file = create(image, "new");
        ASSERT_TRUE(image.write(*file, 0, filled(10, 1)).has_value());
        image.file_synced(*file, image.sequence());
        image.power_loss(draws, LossMode::sectors);
        EXPECT_NE(image.find("old"), nullptr);
        (image.find("new") == nullptr ? lost : kept) = true;
    }
    EXPECT_TRUE(lost);
    EXPECT_TRUE(kept);
}

TEST(DiskImage, ASyncedDirectoryStandsAsItWas) {
    DiskImage image(1U << 20);
    sim::Draws draws{Prng(1)};
    const auto names = [&image](std::string_view path) {
        std::set<std::string> found;
        const auto listed = image.list(path);
        for (const DirectoryEntry& entry : *listed) {
            found.insert(entry.name);
        }
        return found;
    };
    for (const char* name : {"a", "b", "c", "gone", "left"}) {
        create(image, name);
    }
    ASSERT_TRUE(image.create_directories("d").has_value());
    ASSERT_TRUE(image.rename("a", "moved").has_value());
    const DiskNodePtr fresh = image.find("b");
    ASSERT_TRUE(image.rename("b", "c").has_value());
    ASSERT_TRUE(image.remove_file("gone").has_value());
    ASSERT_TRUE(image.rename("left", "d/left").has_value());
    ASSERT_TRUE(image.directory_synced("").has_value());
    ASSERT_TRUE(image.directory_synced("d").has_value());
    image.power_loss(draws, LossMode::all);
    EXPECT_EQ(names(""), (std::set<std::string>{"c", "d", "moved"}));
    EXPECT_EQ(names("d"), (std::set<std::string>{"left"}));
    EXPECT_EQ(image.find("c"), fresh);
    // And a second time, from there.
    ASSERT_TRUE(image.remove_file("moved").has_value());
    create(image, "moved");
    ASSERT_TRUE(image.rename("c", "b").has_value());
    ASSERT_TRUE(image.directory_synced("").has_value());
    image.power_loss(draws, LossMode::all);
    EXPECT_EQ(names(""), (std::set<std::string>{"b", "d", "moved"}));
    EXPECT_EQ(image.find("b"), fresh);
}

// Syncs in between, so that what is undone is the second half of what was written.
TEST(DiskImage, AlossBringsBackWhatEachWriteReplaced) {
    DiskImage image(1U << 20);
    sim::Draws draws{Prng(1)};
    const DiskNodePtr file = create(image, "f");
    ASSERT_TRUE(image.directory_synced("").has_value());
    for (std::uint8_t round = 0; round < 10; ++round) {
        const auto old = static_cast<std::uint8_t>(2 * round);
        for (std::size_t i = 0; i < 5; ++i) {
            ASSERT_TRUE(image.write(*file, 1'000 * i, filled(900 + i, old)).has_value());
        }
        const std::uint64_t sequence = image.sequence();
        const Bytes before(file->content().begin(), file->content().end());
        for (std::size_t i = 5; i-- > 0;) {
            const auto fresh = static_cast<std::uint8_t>(old + 1);
            ASSERT_TRUE(image.write(*file, 1'000 * i + 300, filled(500 + i, fresh)).has_value());
        }
        image.file_synced(*file, sequence);
        image.power_loss(draws, LossMode::all);
        const ByteSpan after = file->content();
        EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin(), after.end()));
    }
}

TEST(DiskImage, RenameIsAtomicUnderEveryLoss) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        DiskImage image(1U << 20);
        sim::Draws draws{Prng(seed)};
        const DiskNodePtr old = create(image, "f");
        const DiskNodePtr fresh = create(image, "tmp");
        ASSERT_TRUE(image.directory_synced("").has_value());
        ASSERT_TRUE(image.rename("tmp", "f").has_value());
        image.power_loss(draws, static_cast<LossMode>(seed % 4));
        const DiskNodePtr found = image.find("f");
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found == fresh, image.find("tmp") == nullptr);
        EXPECT_TRUE(found == old || found == fresh);
    }
}

TEST(DiskImage, AFailedSyncIsNotMadeGoodByALaterOne) {
    bool lost = false;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        DiskImage image(1U << 20);
        sim::Draws draws{Prng(seed)};
        const DiskNodePtr file = create(image, "f");
        ASSERT_TRUE(image.directory_synced("").has_value());
        ASSERT_TRUE(image.write(*file, 0, filled(100, 1)).has_value());
        DiskImage::file_sync_failed(*file, image.sequence());
        image.file_synced(*file, image.sequence());
        image.power_loss(draws, LossMode::sectors);
        lost = lost || file->size() == 0;
    }
    EXPECT_TRUE(lost);
}

// What was lost stays lost around it, byte by byte.
TEST(DiskImage, ADurableWriteSplitsWhatAFailedSyncLost) {
    DiskImage image(1U << 20);
    sim::Draws draws{Prng(1)};
    const DiskNodePtr file = create(image, "f");
    ASSERT_TRUE(image.directory_synced("").has_value());
    Bytes expected(3'000);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        expected[i] = static_cast<std::uint8_t>(i % 251);
    }
    ASSERT_TRUE(image.write(*file, 0, expected).has_value());
    image.file_synced(*file, image.sequence());
    ASSERT_TRUE(image.write(*file, 0, filled(3'000, 252)).has_value());
    DiskImage::file_sync_failed(*file, image.sequence());
    ASSERT_TRUE(image.write(*file, 1'000, filled(500, 253)).has_value());
    std::fill_n(expected.begin() + 1'000, 500, std::uint8_t{253});
    image.file_synced(*file, image.sequence());
    // A second one, on a place that was split before.
    ASSERT_TRUE(image.write(*file, 2'000, filled(10, 254)).has_value());
    std::fill_n(expected.begin() + 2'000, 10, std::uint8_t{254});
    image.file_synced(*file, image.sequence());
    image.power_loss(draws, LossMode::all);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), file->content().begin(),
                           file->content().end()));
}

TEST(DiskImage, ATruncationIsUndoneAsAWholeOrNotAtAll) {
    std::set<std::uint64_t> sizes;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        DiskImage image(1U << 20);
        sim::Draws draws{Prng(seed)};
        const DiskNodePtr file = create(image, "f");
        ASSERT_TRUE(image.directory_synced("").has_value());
        ASSERT_TRUE(image.write(*file, 0, filled(4'000, 1)).has_value());
        image.file_synced(*file, image.sequence());
        image.truncate(*file, 600);
        ASSERT_TRUE(image.write(*file, 600, filled(50, 2)).has_value());
        image.power_loss(draws, static_cast<LossMode>(seed % 4));
        sizes.insert(file->size());
        if (file->size() == 4'000) {
            EXPECT_EQ(std::count(file->content().begin(), file->content().end(), 0), 0);
        }
        for (std::size_t i = 0; i < 600; ++i) {
            ASSERT_EQ(file->content()[i], 1);
        }
    }
    EXPECT_EQ(sizes, (std::set<std::uint64_t>{600, 650, 4'000}));
}

TEST(DiskImage, FullDiskWritesWhatFitsAndRecovers) {
    DiskImage image(1'000);
    const DiskNodePtr file = create(image, "f");
    const Result<void> written = image.write(*file, 0, filled(1'500, 1));
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().code, ErrorCode::disk_full);
    EXPECT_EQ(file->size(), 1'000U);
    EXPECT_FALSE(image.open("g", OpenMode::create_new).has_value());
    image.truncate(*file, 100);
    EXPECT_TRUE(image.open("g", OpenMode::create_new).has_value());
    // Space that is there already can be written without more.
    image.set_capacity_bytes(10);
    EXPECT_TRUE(image.write(*file, 0, filled(100, 2)).has_value());
    EXPECT_FALSE(image.write(*file, 50, filled(100, 2)).has_value());
}

}  // namespace
}  // namespace weir::sim
