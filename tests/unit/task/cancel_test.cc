#include "core/task/cancel.h"

#include "tests/support/rapidcheck.h"

#include <memory>
#include <optional>

namespace weir {
namespace {

struct Probe {
    int calls = 0;
    std::unique_ptr<CancelCallback> callback;
    static void on_cancel(void* self) { ++static_cast<Probe*>(self)->calls; }
    static void on_cancel_and_drop(void* self) {
        auto* probe = static_cast<Probe*>(self);
        ++probe->calls;
        probe->callback.reset();
    }
};

TEST(Cancel, DefaultTokenIsNeverCancelled) {
    EXPECT_FALSE(CancelToken().cancelled());
    Probe probe;
    const CancelCallback callback(CancelToken(), &Probe::on_cancel, &probe);
    EXPECT_FALSE(callback.linked());
}

TEST(Cancel, CallsBackOnce) {
    CancelSource source;
    Probe probe;
    const CancelCallback callback(source.token(), &Probe::on_cancel, &probe);
    source.cancel();
    source.cancel();
    EXPECT_EQ(probe.calls, 1);
    EXPECT_TRUE(source.token().cancelled());
    // Too late to be told.
    const CancelCallback late(source.token(), &Probe::on_cancel, &probe);
    EXPECT_EQ(probe.calls, 1);
}

TEST(Cancel, DestroyedCallbackIsNotCalled) {
    CancelSource source;
    Probe probe;
    {
        const CancelCallback callback(source.token(), &Probe::on_cancel, &probe);
    }
    source.cancel();
    EXPECT_EQ(probe.calls, 0);
}

TEST(Cancel, CallbackMayDestroyItself) {
    CancelSource source;
    Probe first;
    Probe second;
    first.callback =
        std::make_unique<CancelCallback>(source.token(), &Probe::on_cancel_and_drop, &first);
    second.callback =
        std::make_unique<CancelCallback>(source.token(), &Probe::on_cancel_and_drop, &second);
    source.cancel();
    EXPECT_EQ(first.calls, 1);
    EXPECT_EQ(second.calls, 1);
}

TEST(Cancel, ReachesChildrenAndNotParents) {
    CancelSource parent;
    CancelSource left(parent.token());
    CancelSource right(parent.token());
    CancelSource leaf(left.token());
    left.cancel();
    EXPECT_FALSE(parent.cancelled());
    EXPECT_FALSE(right.cancelled());
    EXPECT_TRUE(leaf.cancelled());
    parent.cancel();
    EXPECT_TRUE(right.cancelled());
    const CancelSource born(parent.token());
    EXPECT_TRUE(born.cancelled());
}

TEST(Cancel, SourceMayDieBeforeItsCallbacks) {
    Probe probe;
    std::optional<CancelCallback> callback;
    {
        CancelSource source;
        callback.emplace(source.token(), &Probe::on_cancel, &probe);
    }
    EXPECT_FALSE(callback->linked());
    EXPECT_EQ(probe.calls, 0);
}

}  // namespace
}  // namespace weir
