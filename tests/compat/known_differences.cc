#include "tests/compat/known_differences.h"

#include <array>
#include <set>

namespace weir::test {
namespace {

constexpr std::string_view kOldEnvelope =
    "versions below 11 have another envelope, which no client since 0.12 uses: not offered";
constexpr std::string_view kOwnFormat =
    "the stored form of consumer offsets is our own, and so is its size";
constexpr std::string_view kAttached =
    "Fluvio's follower of py3-1 never attached (a ReadCommitted produce timed out); ours did";
constexpr std::string_view kRace =
    "the recorded watch was answered after the creation that the same client sent behind it";
constexpr std::string_view kWholeBatches =
    "Fluvio cuts a slice inside a batch, and the client loses the rest; ours sends whole batches";

constexpr auto kKnown = std::to_array<KnownDifference>({
    {"ApiVersions", "api 1001", kOldEnvelope},
    {"ApiVersions", "api 1002", kOldEnvelope},
    {"ApiVersions", "api 1006", kOldEnvelope},
    {"SC", "Partition[consumer-offset-0].status.5", kOwnFormat},
    {"SC", "Partition[py3-1].status.", kAttached},
    {"python-0.21.0/produce-gzip-committed SPU", "topic 0 entry 0 error", kAttached},
    {"python-0.21.0/consume-multi SPU", "topic 0 entry 0 last_stable_offset", kAttached},
    {"python-0.21.0/consume-multi SPU", "first high_watermark", kAttached},
    {"cli-0.18.1/topic-create-assigned SC", "Topic[assigned]", kRace},
    {"cli-0.18.1/consume-max-bytes SPU", "batch at ", kWholeBatches},
    {"cli-0.18.1/consume-max-bytes SPU", "cut batch", kWholeBatches},
});

std::set<std::size_t>& used() {
    static std::set<std::size_t> indices;
    return indices;
}

}  // namespace

bool explained(const Difference& difference) {
    for (std::size_t i = 0; i < kKnown.size(); ++i) {
        if (difference.where.find(kKnown[i].where) != std::string::npos &&
            difference.field.find(kKnown[i].field) != std::string::npos) {
            used().insert(i);
            return true;
        }
    }
    return false;
}

std::vector<KnownDifference> unused_differences() {
    std::vector<KnownDifference> unused;
    for (std::size_t i = 0; i < kKnown.size(); ++i) {
        if (!used().contains(i)) {
            unused.push_back(kKnown[i]);
        }
    }
    return unused;
}

}  // namespace weir::test
