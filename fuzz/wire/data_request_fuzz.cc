// The decoders of an SPU's requests and responses over arbitrary bytes: they answer a value or
// `malformed`, and what they decode encodes to bytes that decode to the same bytes again.
//
// Input: one byte that picks the message, one for the version, then the body.
#include "core/base/assert.h"
#include "tests/support/data_plane_codec.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace weir {

namespace {

constexpr std::array<std::uint16_t, 9> kKeys = {18, 0, 1, 1002, 1003, 1005, 1006, 1007, 1008};

Result<test::Transcoded> transcode(bool response, wire::SpuApi api, wire::Version version,
                                   const BufferSlice& body) {
    wire::Reader reader(body.span());
    return response ? test::transcode_response_body(api, version, reader, body)
                    : test::transcode_request_body(api, version, reader, body);
}

void check(ByteSpan input) {
    if (input.size() < 2) {
        return;
    }
    const std::size_t which = input[0] % (2 * kKeys.size());
    const auto version = static_cast<wire::Version>(input[1] % (wire::kVersionMax + 1));
    const auto api = wire::spu_api_from_key(kKeys[which / 2]);
    WEIR_ASSERT(api.has_value());
    const bool response = which % 2 == 1;
    // A copy of exact size, so that a sanitizer sees any read past the end.
    const BufferSlice body(Buffer::copy_of(input.subspan(2)));
    const auto first = transcode(response, *api, version, body);
    if (!first.has_value()) {
        WEIR_ASSERT(first.error().code == ErrorCode::malformed);
        return;
    }
    // Nothing is made up: a value is never larger than the bytes that it was read from.
    WEIR_ASSERT(first->bytes.size() <= body.size());
    const BufferSlice again(Buffer::copy_of(first->bytes));
    const auto second = transcode(response, *api, version, again);
    WEIR_ASSERT(second.has_value());
    WEIR_ASSERT(second->left_over == 0);
    WEIR_ASSERT(second->bytes == first->bytes);
}

}  // namespace

}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    weir::check(weir::ByteSpan(data, size));
    return 0;
}
