// The identity of a data folder.
#include "core/spu/identity.h"

#include "core/model/partition_record.h"
#include "runtime/sim/cluster/run_in_sim.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using spu::IdentityFile;

void run(sim::Main main) {
    const Result<void> result = sim::run_in_sim(1, std::move(main));
    EXPECT_TRUE(result.has_value()) << to_string(result.error());
}

TEST(SpuIdentity, ACleanMarkerIsFoundOnce) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        WEIR_CO_CHECK(co_await env.disk.create_directories("d"));
        IdentityFile first(env, "d", SpuId(5001));
        WEIR_CO_CHECK(co_await first.load());
        EXPECT_EQ(first.clean_boot(), kNoBoot);
        const Uid cluster{1, 2};
        WEIR_CO_CHECK(co_await first.registered(cluster, ScEpoch(3), BootEpoch(7)));
        WEIR_CO_CHECK(co_await first.leave_clean_marker(BootEpoch(7)));

        IdentityFile second(env, "d", SpuId(5001));
        WEIR_CO_CHECK(co_await second.load());
        EXPECT_EQ(second.storage_id(), first.storage_id());
        EXPECT_EQ(second.cluster_id(), (Uid{1, 2}));
        EXPECT_EQ(second.clean_boot(), BootEpoch(7));

        // Whatever happens to this start, the next one is not after an orderly end.
        IdentityFile third(env, "d", SpuId(5001));
        WEIR_CO_CHECK(co_await third.load());
        EXPECT_EQ(third.clean_boot(), kNoBoot);
        EXPECT_EQ(third.cluster_id(), (Uid{1, 2}));
        EXPECT_EQ(third.last_boot(), BootEpoch(7));
        EXPECT_EQ(third.term(), ScEpoch(3));

        // Without an orderly end, too.
        WEIR_CO_CHECK(co_await third.registered(cluster, ScEpoch(4), BootEpoch(8)));
        IdentityFile fourth(env, "d", SpuId(5001));
        WEIR_CO_CHECK(co_await fourth.load());
        EXPECT_EQ(fourth.last_boot(), BootEpoch(8));
        EXPECT_EQ(fourth.term(), ScEpoch(4));

        IdentityFile other(env, "d", SpuId(5002));
        const Result<void> refused = co_await other.load();
        EXPECT_FALSE(refused.has_value());
        co_return Result<void>();
    }));
}

}  // namespace
}  // namespace weir
