// An SC and SPUs of the real code in the simulator, registered as `fluvio cluster start` registers
// them, and machines for clients.
//
// Owned by a test; one thread.
#pragma once

#include "core/sc/service.h"
#include "core/spu/service.h"
#include "runtime/sim/cluster/world.h"
#include "tests/compat/equivalence.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace weir::test {

inline const HostPort kScAddress = {"sc", 9003};

class CompatCluster {
public:
    // The SPUs are up and registered, `consumer-offset` is online. With assertions of gtest.
    CompatCluster(std::uint64_t seed, std::vector<std::int32_t> spus, sc::Config sc = {},
                  const sim::MachineOptions& spu_machines = {});
    // Everything ends cleanly and leaves nothing behind.
    ~CompatCluster();

    // Runs `main` on a machine of a client to its end.
    void run(const sim::Main& main, Duration limit = Duration::from_s(120));
    // The same for several clients at once.
    void run_all(const std::vector<sim::Main>& mains, Duration limit = Duration::from_s(120));
    void run_for(Duration duration) { world_.run_for(duration); }

    HostPort spu_address(std::int32_t id) const { return {host(id), 9005}; }
    const AddressMap& addresses() const { return addresses_; }
    sim::World& world() { return world_; }
    sim::Machine& sc() { return *sc_; }
    sim::Machine& spu(std::int32_t id) { return *spus_.at(id); }
    sim::Machine& client(std::size_t index);
    void boot_spu(std::int32_t id);
    // Kills a server and starts it again at once: 0 is the SC, else the SPU.
    void restart(std::int32_t server);
    void stop(sim::Machine& machine);

private:
    static std::string host(std::int32_t id) { return "spu-" + std::to_string(id); }

    sim::World world_;
    sc::Config sc_config_;
    sim::Machine* sc_ = nullptr;
    std::map<std::int32_t, sim::Machine*> spus_;
    std::vector<sim::Machine*> clients_;
    AddressMap addresses_;
};

}  // namespace weir::test
