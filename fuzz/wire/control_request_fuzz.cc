// The SC's request and response decoders and the private protocol over arbitrary bytes: they answer
// a value or `malformed`, and what they decode encodes to bytes that decode to the same value.
//
// Input: one byte that picks the message, one for the version, then the body.

#include "core/base/assert.h"
#include "core/wire/api_versions.h"
#include "core/wire/control_plane.h"
#include "core/wire/internal.h"

#include <cstddef>
#include <cstdint>

namespace weir::wire {

namespace {

template <typename T, typename Decode, typename Encode>
void check(ByteSpan body, Decode decode_it, Encode encode_it) {
    Reader reader(body);
    const Result<T> first = decode_it(reader);
    if (!first.has_value()) {
        WEIR_ASSERT(first.error().code == ErrorCode::malformed);
        return;
    }
    Writer writer;
    encode_it(writer, *first);
    Reader again(writer.span());
    const Result<T> second = decode_it(again);
    WEIR_ASSERT(second.has_value());
    WEIR_ASSERT(again.remaining() == 0);
    Writer twice;
    encode_it(twice, *second);
    WEIR_ASSERT(Bytes(writer.span().begin(), writer.span().end()) ==
                Bytes(twice.span().begin(), twice.span().end()));
}

template <typename T>
void check_public(ByteSpan body, Version version, Result<T> (*decode_it)(Reader&, Version)) {
    check<T>(
        body, [=](Reader& reader) { return decode_it(reader, version); },
        [=](Writer& writer, const T& value) { encode(writer, value, version); });
}

template <typename T>
void check_internal(ByteSpan body) {
    check<T>(
        body,
        [](Reader& reader) {
            return internal::decode_message<T>(reader, internal::kInternalVersionMax);
        },
        [](Writer& writer, const T& value) {
            internal::encode_message(writer, value, internal::kInternalVersionMax);
        });
}

void check_one(std::uint8_t which, Version version, ByteSpan body) {
    switch (which % 16) {
        case 0: return check_public(body, version, &decode_create_request);
        case 1: return check_public(body, version, &decode_delete_request);
        case 2: return check_public(body, version, &decode_list_request);
        case 3: return check_public(body, version, &decode_watch_request);
        case 4: return check_public(body, version, &decode_update_request);
        case 5: return check_public(body, version, &decode_mirroring_request);
        case 6: return check_public(body, version, &decode_list_response);
        case 7: return check_public(body, version, &decode_watch_response);
        case 8: return check_public(body, version, &decode_status);
        case 9: return check_public(body, version, &decode_api_versions_request);
        case 10: return check_internal<internal::RegisterSpu>(body);
        case 11: return check_internal<internal::Registered>(body);
        case 12: return check_internal<internal::Assignments>(body);
        case 13: return check_internal<internal::SpuReport>(body);
        case 14: return check_internal<internal::UpdateConsumerOffset>(body);
        case 15: {
            Reader reader(body);
            static_cast<void>(internal::decode_internal_header(reader));
            return;
        }
        default: return;
    }
}

}  // namespace

}  // namespace weir::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const weir::ByteSpan body(data + 2, size - 2);
    weir::wire::check_one(data[0], static_cast<weir::wire::Version>(10 + data[1] % 11), body);
    return 0;
}
