// One line about one event.
#pragma once

#include "apps/weir-sim/explain/causes.h"
#include "apps/weir-sim/explain/story.h"

#include <optional>

namespace weir::app {

class EventTexts {
public:
    EventTexts(const sim::Case& one, const sim::RunReport& report, const Recording& recording,
               const Causes& causes);

    // Nothing for events that say nothing to a person. Sets all but the causal fields.
    std::optional<StoryEvent> describe(const sim::TraceEvent& event) const;
    // The lane of the checks.
    std::uint32_t last_lane() const;
    std::vector<StoryFault> faults() const;

private:
    std::string sent(const sim::TraceEvent& event) const;
    std::string arrived(const sim::TraceEvent& event) const;
    std::string told(const sim::TraceEvent& event) const;
    const sim::Fault* planned(const sim::TraceEvent& event) const;
    const sim::Violation* violated(const sim::TraceEvent& event) const;
    std::uint32_t lane_of(const sim::TraceEvent& event) const;
    // Adds the other machines of a fault to its target, as they were when it came.
    void name_machines(const sim::TraceEvent& event, StoryFault& shown) const;

    const sim::Case& case_;
    const sim::RunReport& report_;
    const Recording& recording_;
    const Causes& causes_;
};

}  // namespace weir::app
