#include "apps/weir-sim/explain/explain.h"
#include "apps/weir-sim/explain/story_page.h"
#include "apps/weir-sim/report_text.h"

#include <nlohmann/json.hpp>

#include <string_view>
#include <utility>

namespace weir::app {

namespace {

using nlohmann::json;

json violations_json(const Story& story) {
    json violations = json::array();
    for (const sim::Violation& violation : story.violations) {
        const sim::InvariantInfo& info = sim::info(violation.invariant);
        violations.push_back({{"id", info.id},
                              {"name", info.name},
                              {"statement", info.statement},
                              {"text", violation.text},
                              {"time", violation.time_ns},
                              {"event", violation.event}});
    }
    return violations;
}

json events_json(const Story& story) {
    json events = json::array();
    for (const StoryEvent& event : story.events) {
        json entry = {{"n", event.sequence},
                      {"t", event.time_ns},
                      {"k", to_string(event.kind)},
                      {"l", event.lane},
                      {"x", event.text}};
        if (event.partner != 0) {
            entry["p"] = event.partner;
        }
        if (event.is_causal) {
            entry["c"] = event.cause;
        }
        events.push_back(std::move(entry));
    }
    return events;
}

json strips_json(const Story& story) {
    json strips = json::array();
    for (const StoryStrip& strip : story.strips) {
        json points = json::array();
        for (const StoryStrip::Point& point : strip.points) {
            points.push_back({point.time_ns, point.log_start, point.committed, point.leo,
                              point.epoch, point.leads});
        }
        strips.push_back({{"lane", strip.lane},
                          {"log", strip.log},
                          {"named", strip.is_named_in_violation},
                          {"points", std::move(points)}});
    }
    return strips;
}

void replace(std::string& text, std::string_view what, std::string_view with) {
    const std::size_t at = text.find(what);
    if (at != std::string::npos) {
        text.replace(at, what.size(), with);
    }
}

}  // namespace

json to_json(const Story& story) {
    json lanes = json::array();
    for (const StoryLane& lane : story.lanes) {
        json lives = json::array();
        for (const auto& [from, to] : lane.lives) {
            lives.push_back({from, to});
        }
        lanes.push_back({{"name", lane.name}, {"lives", std::move(lives)}});
    }
    json faults = json::array();
    for (const StoryFault& fault : story.faults) {
        faults.push_back({{"kind", fault.kind},
                          {"text", fault.text},
                          {"lane", fault.lane},
                          {"peer", fault.peer_lane},
                          {"from", fault.from_ns},
                          {"to", fault.to_ns}});
    }
    json waiting = json::array();
    for (const StoryWait& wait : story.waiting) {
        waiting.push_back({{"time", wait.time_ns}, {"text", wait.text}});
    }
    return {{"scenario", story.scenario},
            {"seed", story.seed},
            {"command", story.command},
            {"verdict", story.verdict},
            {"trace_hash", hex(story.trace_hash)},
            {"events_total", story.event_count},
            {"left_out", story.events_left_out},
            {"end", story.end_ns},
            {"violations", violations_json(story)},
            {"lanes", std::move(lanes)},
            {"events", events_json(story)},
            {"faults", std::move(faults)},
            {"strips", strips_json(story)},
            {"waiting", std::move(waiting)}};
}

std::string to_html(const Story& story) {
    // "</script>" inside of a text would end the script; other text is quoted by the page. Bytes
    // of clients may be no UTF-8.
    const std::string data = to_json(story).dump(-1, ' ', false, json::error_handler_t::replace);
    std::string safe;
    safe.reserve(data.size());
    for (const char c : data) {
        if (c == '<') {
            safe += "\\u003c";
        } else {
            safe += c;
        }
    }
    std::string page(page_html());
    replace(page, "/*STYLE*/", page_css());
    replace(page, "/*PROGRAM*/", page_js());
    replace(page, "/*STORY*/", safe);
    return page;
}

}  // namespace weir::app
