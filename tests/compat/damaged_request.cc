#include "tests/compat/damaged_request.h"

#include "tests/compat/spec_control.h"
#include "tests/compat/spec_data.h"

namespace weir::test {
namespace {

Bytes sc_request(Prng& prng) {
    using namespace spec;
    const int version = static_cast<int>(prng.between(11, 19));
    const auto ask = [&](std::uint16_t key, const Bytes& body) {
        return request(key, version, 1, body);
    };
    switch (prng.below(9)) {
        case 0: return ask(kCreate, create_topic(version, "z-topic"));
        case 1: return ask(kDelete, remove(version, "Topic", "z-topic"));
        case 2: return ask(kUpdate, add_partition("z-topic", 1));
        case 3: return ask(kList, list("Partition", {"z"}));
        case 4: return ask(kWatch, watch("SPU"));
        case 5: return ask(kCreate, create("Mirror", "z-remote", remote("z-remote")));
        case 6: return ask(kUpdate, add_mirror("z-topic", "z-remote"));
        case 7: return ask(kApiVersions, api_versions(version));
        default:
            return ask(kCreate, create("SmartModule", "z", smartmodule_of(version, "z", "zz")));
    }
}

Bytes spu_request(Prng& prng) {
    using namespace spec;
    const int version = static_cast<int>(prng.between(0, 25));
    const auto ask = [&](std::uint16_t key, const Bytes& body) {
        return request(key, version, 1, body);
    };
    Produce produced;
    produced.topic = "z-topic";
    produced.records = batch({});
    Read read;
    read.topic = "z-topic";
    switch (prng.below(7)) {
        case 0: return ask(kProduce, produce(version, produced));
        case 1: return ask(kFetch, fetch(version, read));
        case 2: return ask(kStreamFetch, stream_fetch(version, read));
        case 3: return ask(kFetchOffsets, fetch_offsets(version, "z-topic", 0));
        case 4: return ask(kUpdateOffsets, update_offsets(1, 1));
        case 5: return ask(kDeleteConsumerOffset, delete_consumer_offset("z-topic", 0, "z"));
        default: return ask(kFetchConsumerOffsets, fetch_consumer_offsets(version));
    }
}

}  // namespace

DamagedRequest damaged_request(Prng& prng) {
    DamagedRequest damaged;
    damaged.to_sc = prng.chance(1, 2);
    const std::uint64_t count = 1 + prng.below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
        const Bytes payload = damaged.to_sc ? sc_request(prng) : spu_request(prng);
        const Bytes frame = spec::Out().sized(payload);
        damaged.bytes.insert(damaged.bytes.end(), frame.begin(), frame.end());
    }
    const std::uint64_t flips = prng.below(4);
    for (std::uint64_t i = 0; i < flips; ++i) {
        const std::uint64_t at = prng.below(damaged.bytes.size());
        damaged.bytes[at] = static_cast<std::uint8_t>(prng.next());
    }
    if (prng.chance(1, 4)) {
        damaged.bytes.resize(prng.below(damaged.bytes.size()) + 1);
    }
    return damaged;
}

}  // namespace weir::test
