// Why did this run fail? Runs a case once more, looks at everything, and tells the story.
#pragma once

#include "apps/weir-sim/explain/story.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>

namespace weir::app {

// `on_assertion` gets the story of a run that an assertion ends; the program aborts afterwards. One
// at a time.
Story explain(const sim::Case& one, std::function<void(const Story&)> on_assertion = nullptr);

// For a terminal.
std::string to_text(const Story& story);
// What the page is drawn from.
nlohmann::json to_json(const Story& story);
// One page that needs nothing else.
std::string to_html(const Story& story);

}  // namespace weir::app
