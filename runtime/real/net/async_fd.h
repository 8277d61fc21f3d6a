// A non-blocking descriptor with its readiness, edge-triggered.
//
// Each side remembers whether the kernel may have something (`ready`): operations try first, clear
// it when the kernel says EAGAIN, and wait for the next edge. Owns the descriptor. One waiter per
// side; none may be left at destruction. Shard thread only.
#pragma once

#include "core/base/result.h"
#include "core/task/cancel.h"
#include "runtime/real/loop/shard.h"

#include <coroutine>
#include <cstdint>

namespace weir::real {

class ReadyWait;

class AsyncFd final : public PollTarget {
public:
    struct Side {
        bool ready = true;
        ReadyWait* waiter = nullptr;
    };

    explicit AsyncFd(Shard& shard) : shard_(shard) {}
    ~AsyncFd();
    AsyncFd(const AsyncFd&) = delete;
    AsyncFd& operator=(const AsyncFd&) = delete;

    // Takes the descriptor over, also when it fails.
    Result<void> open(int fd);
    // Closes the descriptor; waiters wake up and see is_open() == false.
    void close();
    // Gives the open descriptor away; nobody may be waiting.
    int release();

    bool is_open() const { return fd_ >= 0; }
    int fd() const { return fd_; }
    Shard& shard() const { return shard_; }
    Side& read_side() { return read_side_; }
    Side& write_side() { return write_side_; }
    // The peer has ended its sending direction: an end may follow the data without another edge.
    bool peer_ended() const { return peer_ended_; }

private:
    void on_events(std::uint32_t events) override;
    static void wake(Side& side);

    Shard& shard_;
    int fd_ = -1;
    bool peer_ended_ = false;
    Side read_side_;
    Side write_side_;
};

// Awaitable: false if the token was cancelled, else the side may be ready or the descriptor closed.
class ReadyWait {
public:
    ReadyWait(AsyncFd& fd, AsyncFd::Side& side, CancelToken token)
        : shard_(fd.shard()),
          side_(side),
          token_(token),
          cancel_(token, &ReadyWait::on_cancel, this) {}
    ReadyWait(const ReadyWait&) = delete;
    ReadyWait& operator=(const ReadyWait&) = delete;

    bool await_ready() const noexcept { return token_.cancelled() || side_.ready; }
    void await_suspend(std::coroutine_handle<> handle) {
        WEIR_ASSERT(side_.waiter == nullptr);
        handle_ = handle;
        side_.waiter = this;
    }
    bool await_resume() const noexcept { return woken_ || !token_.cancelled(); }

private:
    friend class AsyncFd;
    void wake();
    static void on_cancel(void* self);

    Shard& shard_;
    AsyncFd::Side& side_;
    CancelToken token_;
    CancelCallback cancel_;
    std::coroutine_handle<> handle_;
    bool woken_ = false;
};

// How much one task may do without waiting before others get their turn: inline operations per
// poll of the shard.
class TurnBudget {
public:
    explicit TurnBudget(std::uint32_t per_turn) : per_turn_(per_turn) {}
    // False: spent, go to the next turn.
    bool take(const Shard& shard) {
        if (turn_ != shard.turn()) {
            turn_ = shard.turn();
            taken_ = 0;
        }
        if (taken_ == per_turn_) {
            return false;
        }
        ++taken_;
        return true;
    }

private:
    std::uint32_t per_turn_;
    std::uint32_t taken_ = 0;
    std::uint64_t turn_ = 0;
};

}  // namespace weir::real
