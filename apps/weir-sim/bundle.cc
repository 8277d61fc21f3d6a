#include "apps/weir-sim/bundle.h"

#include "apps/weir-sim/report_text.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace weir::app {

using nlohmann::json;

namespace {

constexpr int kFormat = 1;

std::uint64_t number_of(const json& value) {
    if (value.is_string()) {
        return std::stoull(value.get<std::string>(), nullptr, 16);
    }
    return value.get<std::uint64_t>();
}

json fault_json(const sim::Fault& fault) {
    return {{"at_ns", fault.at.ns()},
            {"kind", to_string(fault.kind)},
            {"target", to_string(fault.target)},
            {"target_index", fault.target_index},
            {"peer", to_string(fault.peer)},
            {"peer_index", fault.peer_index},
            {"lasts_ns", fault.lasts.ns()},
            {"loss", static_cast<int>(fault.loss)},
            {"argument", hex(fault.argument)}};
}

// Throws like the library does; read_bundle() turns it into an error.
sim::Fault fault_from(const json& value) {
    sim::Fault fault;
    const auto kind = sim::fault_kind_from(value.at("kind").get<std::string>());
    const auto target = sim::role_from(value.at("target").get<std::string>());
    const auto peer = sim::role_from(value.at("peer").get<std::string>());
    if (!kind.has_value() || !target.has_value() || !peer.has_value()) {
        throw std::invalid_argument("a fault of an unknown kind or role");
    }
    fault.at = Duration::from_ns(value.at("at_ns").get<std::int64_t>());
    fault.kind = *kind;
    fault.target = *target;
    fault.target_index = value.at("target_index").get<std::uint32_t>();
    fault.peer = *peer;
    fault.peer_index = value.at("peer_index").get<std::uint32_t>();
    fault.lasts = Duration::from_ns(value.at("lasts_ns").get<std::int64_t>());
    fault.loss = static_cast<sim::LossMode>(value.at("loss").get<int>() & 3);
    fault.argument = number_of(value.at("argument"));
    return fault;
}

json expected_json(const Expected& expected) {
    json checkpoints = json::array();
    for (const std::uint64_t checkpoint : expected.checkpoints) {
        checkpoints.push_back(hex(checkpoint));
    }
    return {{"verdict", to_string(expected.verdict)},
            {"invariant", expected.invariant},
            {"text", expected.text},
            {"time_ns", expected.time_ns},
            {"event", expected.event},
            {"trace_hash", hex(expected.trace_hash)},
            {"events", expected.events},
            {"checkpoints", std::move(checkpoints)}};
}

sim::Verdict verdict_from(const std::string& name) {
    for (const sim::Verdict verdict : {sim::Verdict::passed, sim::Verdict::safety,
                                       sim::Verdict::liveness, sim::Verdict::assertion}) {
        if (to_string(verdict) == name) {
            return verdict;
        }
    }
    throw std::invalid_argument("an unknown verdict");
}

Expected expected_from(const json& value) {
    Expected expected;
    expected.verdict = verdict_from(value.at("verdict").get<std::string>());
    expected.invariant = value.at("invariant").get<std::string>();
    expected.text = value.at("text").get<std::string>();
    expected.time_ns = value.at("time_ns").get<std::int64_t>();
    expected.event = value.at("event").get<std::uint64_t>();
    expected.trace_hash = number_of(value.at("trace_hash"));
    expected.events = value.at("events").get<std::uint64_t>();
    for (const json& checkpoint : value.at("checkpoints")) {
        expected.checkpoints.push_back(number_of(checkpoint));
    }
    return expected;
}

json case_json(const sim::Case& one) {
    json value = {{"scenario", one.scenario.name},
                  {"scenario_text", one.scenario.text},
                  {"seed", hex(one.seed)}};
    if (one.scenario.always_tiny) {
        value["tiny"] = true;
    }
    if (one.faults.has_value()) {
        value["faults"] = json::array();
        for (const sim::Fault& fault : *one.faults) {
            value["faults"].push_back(fault_json(fault));
        }
    }
    if (one.kept.has_value()) {
        value["operations"] = json::array();
        for (const sim::OperationId id : *one.kept) {
            value["operations"].push_back({id >> 32, id & 0xffffffffU});
        }
    }
    if (one.tape.has_value()) {
        value["tape"] = json::object();
        for (const auto& [label, values] : *one.tape) {
            value["tape"][label] = values;
        }
    }
    return value;
}

Result<sim::Case> case_from(const json& value, std::string_view source) {
    sim::Case one;
    const std::string text = value.at("scenario_text").get<std::string>();
    WEIR_TRY(one.scenario, sim::parse_scenario(text, fmt::format("{}: scenario_text", source)));
    one.scenario.name = value.at("scenario").get<std::string>();
    one.seed = number_of(value.at("seed"));
    one.scenario.always_tiny = value.value("tiny", false);
    if (value.contains("faults")) {
        one.faults.emplace();
        for (const json& fault : value.at("faults")) {
            one.faults->push_back(fault_from(fault));
        }
    }
    if (value.contains("operations")) {
        one.kept.emplace();
        for (const json& id : value.at("operations")) {
            one.kept->push_back(
                sim::operation_id(id.at(0).get<std::uint32_t>(), id.at(1).get<std::uint32_t>()));
        }
    }
    if (value.contains("tape")) {
        one.tape.emplace();
        for (const auto& [label, values] : value.at("tape").items()) {
            one.tape->emplace(label, values.get<std::vector<std::uint64_t>>());
        }
    }
    return one;
}

}  // namespace

Expected expected_of(const sim::RunReport& report) {
    Expected expected;
    expected.verdict = report.verdict;
    if (!report.violations.empty()) {
        const sim::Violation& first = report.violations.front();
        expected.invariant = sim::info(first.invariant).id;
        expected.text = first.text;
        expected.time_ns = first.time_ns;
        expected.event = first.event;
    }
    expected.trace_hash = report.trace_hash;
    expected.events = report.events;
    expected.checkpoints = report.checkpoints;
    return expected;
}

std::string write_bundle(const Bundle& bundle) {
    json value = case_json(bundle.one);
    value["format"] = kFormat;
    value["commit"] = bundle.commit;
    value["expected"] = expected_json(bundle.expected);
    if (!bundle.mutant.empty()) {
        value["mutant"] = bundle.mutant;
    }
    return value.dump(1) + "\n";
}

Result<Bundle> read_bundle(std::string_view text, std::string_view source) {
    // The JSON library reports through exceptions; they end here.
    try {
        const json value = json::parse(text);
        const int format = value.at("format").get<int>();
        if (format != kFormat) {
            return fail(ErrorCode::not_supported,
                        fmt::format("{}: a bundle of format {}; this program reads {}", source,
                                    format, kFormat));
        }
        Bundle bundle;
        WEIR_TRY(bundle.one, case_from(value, source));
        bundle.expected = expected_from(value.at("expected"));
        bundle.commit = value.at("commit").get<std::string>();
        bundle.mutant = value.value("mutant", std::string());
        return bundle;
    } catch (const std::exception& error) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{}: not a bundle of weir-sim: {}", source, error.what()));
    }
}

}  // namespace weir::app
