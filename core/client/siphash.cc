#include "core/client/siphash.h"

#include <array>

namespace weir::client {
namespace {

constexpr std::uint64_t rotate_left(std::uint64_t value, unsigned count) {
    return (value << count) | (value >> (64U - count));
}

class SipState {
public:
    SipState(std::uint64_t k0, std::uint64_t k1)
        : v0_(k0 ^ 0x736f6d6570736575ULL),
          v1_(k1 ^ 0x646f72616e646f6dULL),
          v2_(k0 ^ 0x6c7967656e657261ULL),
          v3_(k1 ^ 0x7465646279746573ULL) {}

    void add_byte(std::uint8_t byte) {
        pending_ |= static_cast<std::uint64_t>(byte) << (8U * (size_ % 8U));
        ++size_;
        if (size_ % 8U == 0) {
            compress(pending_);
            pending_ = 0;
        }
    }

    std::uint64_t finish() {
        // The last word carries the low byte of the size in its top byte.
        compress(pending_ | (static_cast<std::uint64_t>(size_ & 0xffU) << 56U));
        v2_ ^= 0xff;
        for (int round = 0; round < 4; ++round) {
            mix();
        }
        return v0_ ^ v1_ ^ v2_ ^ v3_;
    }

private:
    void compress(std::uint64_t word) {
        v3_ ^= word;
        mix();
        mix();
        v0_ ^= word;
    }
    void mix() {
        v0_ += v1_;
        v1_ = rotate_left(v1_, 13) ^ v0_;
        v0_ = rotate_left(v0_, 32);
        v2_ += v3_;
        v3_ = rotate_left(v3_, 16) ^ v2_;
        v0_ += v3_;
        v3_ = rotate_left(v3_, 21) ^ v0_;
        v2_ += v1_;
        v1_ = rotate_left(v1_, 17) ^ v2_;
        v2_ = rotate_left(v2_, 32);
    }

    std::uint64_t v0_;
    std::uint64_t v1_;
    std::uint64_t v2_;
    std::uint64_t v3_;
    std::uint64_t pending_ = 0;
    std::size_t size_ = 0;
};

}  // namespace

std::uint64_t siphash_2_4(std::uint64_t k0, std::uint64_t k1, ByteSpan bytes) {
    SipState state(k0, k1);
    for (const std::uint8_t byte : bytes) {
        state.add_byte(byte);
    }
    return state.finish();
}

std::uint64_t hash_record_key(ByteSpan key) {
    SipState state(0, 0);
    const auto size = static_cast<std::uint64_t>(key.size());
    for (unsigned i = 0; i < 8; ++i) {
        state.add_byte(static_cast<std::uint8_t>(size >> (8U * i)));
    }
    for (const std::uint8_t byte : key) {
        state.add_byte(byte);
    }
    return state.finish();
}

}  // namespace weir::client
