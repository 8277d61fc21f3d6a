#include "apps/weir-sim/explore.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace weir::app {

namespace {

using nlohmann::json;

bool complete(const ExploreReport::Level& level) {
    return level.run_count == level.schedule_count;
}

// How many levels from the first on are complete.
std::size_t complete_count(const ExploreReport& report) {
    const auto end = std::find_if_not(report.levels.begin(), report.levels.end(), complete);
    return static_cast<std::size_t>(end - report.levels.begin());
}

std::string covered_text(const ExploreReport& report) {
    const std::size_t levels = complete_count(report);
    if (levels == 0) {
        return "nothing";
    }
    return fmt::format("all schedules with at most {} deviation{}{}", levels - 1,
                       levels == 2 ? "" : "s", report.load_only ? " under load" : "");
}

}  // namespace

json explore_json(const ExploreReport& report) {
    json levels = json::array();
    for (const ExploreReport::Level& level : report.levels) {
        levels.push_back({{"schedules", level.schedule_count},
                          {"runs", level.run_count},
                          {"complete", complete(level)}});
    }
    json value = {{"scenario", report.scenario},
                  {"seed", report.seed},
                  {"machines", report.machine_count},
                  {"operations", report.operation_count},
                  {"operations_before", report.operations_before},
                  {"power_loss", report.power_loss},
                  {"load_only", report.load_only},
                  {"levels", std::move(levels)},
                  {"covered", covered_text(report)},
                  {"orders_log10", nullptr},
                  {"wall_ns", report.wall_ns},
                  {"failure", nullptr}};
    if (report.orders_log10.has_value()) {
        value["orders_log10"] = *report.orders_log10;
    }
    if (report.failure.has_value()) {
        json failure = run_json(*report.failure);
        value["failure"] = {{"verdict", failure["verdict"]},
                            {"violations", failure["violations"]},
                            {"deviations", report.deviation_count},
                            {"bundle", report.failure->bundle_path}};
    }
    return value;
}

std::string explore_text(const ExploreReport& report) {
    std::string text = fmt::format(
        "{} seed {}: {} machines, {} of {} operations; each machine takes what is ready first in, "
        "first out, but for deviations{}\n",
        report.scenario, report.seed, report.machine_count, report.operation_count,
        report.operations_before,
        report.power_loss.empty()
            ? ""
            : fmt::format(", one of which may be a power loss of {}", report.power_loss));
    for (std::size_t i = 0; i < report.levels.size(); ++i) {
        const ExploreReport::Level& level = report.levels[i];
        text += fmt::format("  {} deviation{}{} schedules, ", i,
                            i == 1 ? ":  " : "s: ", level.schedule_count);
        text += complete(level) ? "all of them run\n"
                                : fmt::format("{} of them run\n", level.run_count);
    }
    text += fmt::format("  covered       {}, in {:.1f} s\n", covered_text(report),
                        static_cast<double>(report.wall_ns) / 1e9);
    if (report.orders_log10.has_value()) {
        text += fmt::format("  of            some 10^{:.0f} orders in all\n", *report.orders_log10);
    }
    if (report.failure.has_value()) {
        text += fmt::format("{}, deviations: {}\n", to_string(report.failure->report.verdict),
                            report.deviation_count);
        text += violations_text(report.failure->report);
        if (!report.failure->bundle_path.empty()) {
            text += fmt::format("  bundle: {0}; again: weir-sim replay {0}\n",
                                report.failure->bundle_path);
        }
    }
    return text;
}

}  // namespace weir::app
