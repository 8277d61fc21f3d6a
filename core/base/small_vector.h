// A vector whose first N elements lie inside it: for what usually has one element or a few, so that
// the usual case allocates nothing. Beyond N it is a vector like any other.
//
// Spans, references and iterators are valid until the next change, and not after a move: an element
// that lies inside moves with its vector. An empty one is as large as N elements, so N is small.
#pragma once

#include "core/base/assert.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>

namespace weir {

template <typename T, std::size_t N>
class SmallVector {
    static_assert(N > 0);

public:
    using value_type = T;
    using iterator = T*;
    using const_iterator = const T*;

    SmallVector() = default;
    template <typename Iterator>
    SmallVector(Iterator first, Iterator last) {
        for (; first != last; ++first) {
            emplace_back(*first);
        }
    }
    SmallVector(const SmallVector& other) : SmallVector(other.begin(), other.end()) {}
    SmallVector(SmallVector&& other) noexcept { take(other); }
    SmallVector& operator=(const SmallVector& other) {
        if (this != &other) {
            *this = SmallVector(other);
        }
        return *this;
    }
    SmallVector& operator=(SmallVector&& other) noexcept {
        if (this != &other) {
            release();
            take(other);
        }
        return *this;
    }
    ~SmallVector() { release(); }

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    T* data() { return heap_ != nullptr ? heap_ : inside(); }
    const T* data() const { return heap_ != nullptr ? heap_ : inside(); }
    T* begin() { return data(); }
    T* end() { return data() + size_; }
    const T* begin() const { return data(); }
    const T* end() const { return data() + size_; }
    T& operator[](std::size_t index) {
        WEIR_ASSERT(index < size_);
        return data()[index];
    }
    const T& operator[](std::size_t index) const {
        WEIR_ASSERT(index < size_);
        return data()[index];
    }
    T& front() { return (*this)[0]; }
    const T& front() const { return (*this)[0]; }
    T& back() { return (*this)[size_ - 1]; }
    const T& back() const { return (*this)[size_ - 1]; }

    void push_back(T item) { emplace_back(std::move(item)); }
    template <typename... Args>
    T& emplace_back(Args&&... args) {
        if (size_ == capacity_) {
            return emplace_back_elsewhere(std::forward<Args>(args)...);
        }
        T* item = std::construct_at(data() + size_, std::forward<Args>(args)...);
        ++size_;
        return *item;
    }
    void clear() {
        std::destroy_n(data(), size_);
        size_ = 0;
    }

    friend bool operator==(const SmallVector& a, const SmallVector& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }

private:
    T* inside() { return reinterpret_cast<T*>(inside_.data()); }
    const T* inside() const { return reinterpret_cast<const T*>(inside_.data()); }

    // In memory of twice the size. The new one is made first, as it may be made from an old one.
    template <typename... Args>
    T& emplace_back_elsewhere(Args&&... args) {
        const std::size_t capacity = 2 * capacity_;
        T* memory = std::allocator<T>().allocate(capacity);
        T* item = std::construct_at(memory + size_, std::forward<Args>(args)...);
        std::uninitialized_move_n(data(), size_, memory);
        std::destroy_n(data(), size_);
        free_heap();
        heap_ = memory;
        capacity_ = capacity;
        ++size_;
        return *item;
    }
    void free_heap() {
        if (heap_ != nullptr) {
            std::allocator<T>().deallocate(heap_, capacity_);
            heap_ = nullptr;
            capacity_ = N;
        }
    }
    void release() {
        clear();
        free_heap();
    }
    // This one holds nothing; `other` does not afterwards.
    void take(SmallVector& other) noexcept {
        if (other.heap_ != nullptr) {
            heap_ = std::exchange(other.heap_, nullptr);
            capacity_ = std::exchange(other.capacity_, N);
            size_ = std::exchange(other.size_, 0);
            return;
        }
        std::uninitialized_move_n(other.inside(), other.size_, inside());
        size_ = other.size_;
        other.clear();
    }

    T* heap_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = N;
    alignas(T) std::array<std::byte, N * sizeof(T)> inside_;
};

}  // namespace weir
