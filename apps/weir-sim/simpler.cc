#define TOML_EXCEPTIONS 0

#include "apps/weir-sim/simpler.h"

#include "sim-scenarios/scenario.h"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <toml++/toml.h>
#include <utility>

namespace weir::app {

namespace {

class Steps {
public:
    explicit Steps(const std::string& text) : root_(toml::parse(text).table()), text_(text) {}

    void set(std::string_view table, std::string_view key, std::int64_t value) {
        toml::table changed = root_;
        if (!changed.contains(table)) {
            changed.insert(table, toml::table());
        }
        changed[table].as_table()->insert_or_assign(key, value);
        offer(changed);
    }
    void set(std::string_view table, std::string_view key, const std::string& value) {
        toml::table changed = root_;
        if (!changed.contains(table)) {
            changed.insert(table, toml::table());
        }
        changed[table].as_table()->insert_or_assign(key, value);
        offer(changed);
    }
    void drop(std::string_view table) {
        toml::table changed = root_;
        if (changed.erase(table) != 0) {
            offer(changed);
        }
    }
    void drop(std::string_view table, std::string_view key) {
        toml::table changed = root_;
        toml::table* inner = changed[table].as_table();
        if (inner != nullptr && inner->erase(key) != 0) {
            offer(changed);
        }
    }
    void topics() {
        const toml::array* all = root_["topics"].as_array();
        const std::size_t count = all == nullptr ? 0 : all->size();
        for (std::size_t i = 0; count > 1 && i < count; ++i) {
            toml::table changed = root_;
            toml::array* left = changed["topics"].as_array();
            left->erase(left->begin() + static_cast<std::ptrdiff_t>(i));
            offer(changed);
        }
        for (std::size_t i = 0; i < count; ++i) {
            toml::table changed = root_;
            (*changed["topics"].as_array())[i].as_table()->insert_or_assign("partitions", 1);
            offer(changed);
        }
    }

    std::vector<std::string> take() { return std::move(offers_); }

private:
    void offer(const toml::table& changed) {
        std::ostringstream out;
        out << changed << '\n';
        std::string text = out.str();
        const bool is_new =
            text != text_ && std::find(offers_.begin(), offers_.end(), text) == offers_.end();
        if (is_new && sim::parse_scenario(text, "simpler").has_value()) {
            offers_.push_back(std::move(text));
        }
    }

    toml::table root_;
    const std::string& text_;
    std::vector<std::string> offers_;
};

}  // namespace

std::vector<std::string> simpler_scenarios(const std::string& text, std::int64_t needed_ns) {
    const Result<sim::Scenario> now = sim::parse_scenario(text, "simpler");
    WEIR_ASSERT(now.has_value());
    Steps steps(text);
    steps.set("topology", "spus", 1);
    steps.set("topology", "clients", 1);
    steps.drop("workload", "admin_interval");
    steps.drop("workload", "update_interval");
    steps.drop("workload", "smartmodule_interval");
    steps.set("workload", "producers", 1);
    steps.set("workload", "uncommitted_consumers", 0);
    steps.set("workload", "committed_consumers", 0);
    steps.topics();
    steps.drop("workload", "compression");
    steps.drop("workload", "burst");
    steps.set("run", "chooser", std::string("fifo"));
    steps.drop("links");
    steps.drop("network");
    steps.drop("disks");
    steps.drop("disk");
    steps.drop("storage");
    for (const std::int64_t share : {1, 2, 3}) {
        const std::int64_t shorter_ms = now->duration.ns() / 4 * share / 1'000'000;
        if (shorter_ms * 1'000'000 > needed_ns) {
            steps.set("run", "duration", std::to_string(shorter_ms) + "ms");
        }
    }
    return steps.take();
}

}  // namespace weir::app
