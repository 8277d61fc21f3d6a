// Byte sequences.
//
// `ByteSpan` and `MutByteSpan` are views: whoever creates one keeps the bytes alive. `Bytes` owns.
// `Buffer` is one allocation shared by reference count, and `BufferSlice` a part of it that keeps
// the whole allocation alive; both belong to one shard (the count is not atomic).
#pragma once

#include "core/base/assert.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

using ByteSpan = std::span<const std::uint8_t>;
using MutByteSpan = std::span<std::uint8_t>;
using Bytes = std::vector<std::uint8_t>;

inline ByteSpan as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteSpan bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Buffer {
public:
    Buffer() = default;
    // `size` bytes, not initialised.
    static Buffer allocate(std::size_t size) {
        auto* block = static_cast<Block*>(::operator new(sizeof(Block) + size));
        block->references = 1;
        block->size = size;
        return Buffer(block);
    }
    static Buffer copy_of(ByteSpan bytes) {
        Buffer buffer = allocate(bytes.size());
        if (!bytes.empty()) {
            std::memcpy(buffer.data(), bytes.data(), bytes.size());
        }
        return buffer;
    }

    Buffer(const Buffer& other) : block_(other.block_) { retain(); }
    Buffer(Buffer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    Buffer& operator=(Buffer other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~Buffer() { release(); }

    explicit operator bool() const { return block_ != nullptr; }
    std::uint8_t* data() const { return reinterpret_cast<std::uint8_t*>(block_ + 1); }
    std::size_t size() const { return block_ == nullptr ? 0 : block_->size; }
    MutByteSpan span() const {
        return block_ == nullptr ? MutByteSpan() : MutByteSpan(data(), size());
    }
    // True when no other Buffer or slice shares the bytes, so that they may be overwritten.
    bool unique() const { return block_ != nullptr && block_->references == 1; }

private:
    struct alignas(16) Block {
        std::size_t references;
        std::size_t size;
    };
    explicit Buffer(Block* block) : block_(block) {}
    void retain() {
        if (block_ != nullptr) {
            ++block_->references;
        }
    }
    void release() {
        if (block_ != nullptr && --block_->references == 0) {
            ::operator delete(block_);
        }
    }
    Block* block_ = nullptr;
};

class BufferSlice {
public:
    BufferSlice() = default;
    BufferSlice(Buffer buffer, std::size_t start, std::size_t size)
        : buffer_(std::move(buffer)), start_(start), size_(size) {
        WEIR_ASSERT(start_ <= buffer_.size());
        WEIR_ASSERT(size_ <= buffer_.size() - start_);
    }
    explicit BufferSlice(Buffer buffer) : buffer_(std::move(buffer)), size_(buffer_.size()) {}

    // Views are valid as long as any slice of the same buffer lives.
    ByteSpan span() const {
        return size_ == 0 ? ByteSpan() : ByteSpan(buffer_.data() + start_, size_);
    }
    MutByteSpan mutable_span() const {
        return size_ == 0 ? MutByteSpan() : MutByteSpan(buffer_.data() + start_, size_);
    }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    // Of the whole allocation that this slice keeps alive.
    std::size_t buffer_size() const { return buffer_.size(); }
    // Takes in the `size` bytes after the end; false when the buffer ends before.
    bool extend_within_buffer(std::size_t size) {
        if (size > buffer_.size() - start_ - size_) {
            return false;
        }
        size_ += size;
        return true;
    }
    // Gives up the buffer; the slice is empty afterwards.
    Buffer release_buffer() {
        start_ = size_ = 0;
        return std::move(buffer_);
    }
    BufferSlice sub(std::size_t start, std::size_t size) const {
        WEIR_ASSERT(start <= size_);
        WEIR_ASSERT(size <= size_ - start);
        return BufferSlice(buffer_, start_ + start, size);
    }

private:
    Buffer buffer_;
    std::size_t start_ = 0;
    std::size_t size_ = 0;
};

}  // namespace weir
