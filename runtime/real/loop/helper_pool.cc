#include "runtime/real/loop/helper_pool.h"

#include "core/base/assert.h"

#include <pthread.h>
#include <signal.h>

namespace weir::real {

namespace {

// Signals are the business of the shard's thread: a helper in a blocking call must not get them.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t before_{};
};

}  // namespace

HelperPool::HelperPool(Shard& shard, std::size_t thread_count_max)
    : shard_(shard), thread_count_max_(thread_count_max) {
    WEIR_ASSERT(thread_count_max_ >= 1);
}

HelperPool::~HelperPool() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
    // What was completed last is still with the shard; the jobs may be owned by their completion.
    shard_.take_completions();
}

void HelperPool::submit(HelperJob& job) {
    bool start_thread = false;
    {
        MutexLock lock(mutex_);
        queue_.push_back(&job);
        start_thread = queue_.size() > idle_count_ && threads_.size() < thread_count_max_;
    }
    if (start_thread) {
        SignalsBlocked blocked;
        threads_.emplace_back([this] { work(); });
    } else {
        changed_.notify_one();
    }
}

void HelperPool::work() {
    while (true) {
        HelperJob* job = nullptr;
        {
            MutexLock lock(mutex_);
            ++idle_count_;
            while (queue_.empty() && !stopping_) {
                changed_.wait(mutex_);
            }
            --idle_count_;
            if (queue_.empty()) {
                return;
            }
            job = queue_.front();
            queue_.pop_front();
        }
        job->run();
        shard_.complete(*job);
    }
}

}  // namespace weir::real
