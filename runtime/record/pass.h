// One operation of a seam through a transcript: the real one, or the one that was kept.
//
// A codec says how the value of an answer is written and read: `write(Fields&, const T&)` and
// `T read(FieldReader&)`; for void there is nothing to say.
#pragma once

#include "core/base/result.h"
#include "core/task/task.h"
#include "runtime/record/transcript.h"

#include <cstring>
#include <type_traits>
#include <utility>

namespace weir::record {

struct NumberCodec {
    void write(Fields& fields, std::uint64_t value) const { fields.number(value); }
    std::uint64_t read(FieldReader& reader) const { return reader.number(); }
};

// Bytes that were read into a span of the caller.
class ReadCodec {
public:
    explicit ReadCodec(MutByteSpan into) : into_(into) {}
    void write(Fields& fields, std::size_t size) const { fields.bytes(into_.first(size)); }
    std::size_t read(FieldReader& reader) const {
        const ByteSpan bytes = reader.bytes();
        const std::size_t size = std::min(bytes.size(), into_.size());
        if (size > 0) {
            std::memcpy(into_.data(), bytes.data(), size);
        }
        return size;
    }

private:
    MutByteSpan into_;
};

// An object that exists in the real world only.
template <typename T>
struct ObjectCodec {
    void write(Fields&, const std::unique_ptr<T>&) const {}
    std::unique_ptr<T> read(FieldReader&) const { return nullptr; }
};

struct NoCodec {};

template <typename T, typename Codec>
Fields encode_answer(const Result<T>& result, const Codec& codec) {
    Fields answer(Kind::answer);
    if (!result.has_value()) {
        answer.number(1 + static_cast<std::uint64_t>(result.error().code));
        answer.text(result.error().context);
        return answer;
    }
    answer.number(0);
    if constexpr (!std::is_void_v<T>) {
        codec.write(answer, *result);
    }
    return answer;
}

template <typename T, typename Codec>
Result<T> decode_answer(ByteSpan kept, const Codec& codec) {
    FieldReader reader(kept);
    const std::uint64_t code = reader.number();
    if (code > 0) {
        const auto last = static_cast<std::uint64_t>(ErrorCode::permission_denied);
        return fail(code - 1 <= last ? static_cast<ErrorCode>(code - 1) : ErrorCode::io_error,
                    reader.text());
    }
    if constexpr (std::is_void_v<T>) {
        return Result<T>();
    } else {
        return codec.read(reader);
    }
}

// `inner` is empty in a replay.
template <typename T, typename Codec>
Task<Result<T>> pass(Transcript& transcript, Fields call, Task<Result<T>> inner, Codec codec) {
    const std::uint64_t operation = transcript.start(call);
    const bool is_real = inner.valid();
    Result<T> result = fail(ErrorCode::unavailable, "the replay is over");
    if (is_real) {
        result = co_await std::move(inner);
    }
    Completion completion(transcript, operation);
    co_await completion;
    const Fields made = encode_answer(result, codec);
    const ByteSpan kept = transcript.answer(made);
    if (!is_real) {
        result = decode_answer<T>(kept, codec);
    }
    co_return result;
}

}  // namespace weir::record
