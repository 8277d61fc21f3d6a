// The page that a story is put into; made from page.html, page.css and page.js by the build.
#pragma once

#include <string_view>

namespace weir::app {

std::string_view page_html();
std::string_view page_css();
std::string_view page_js();

}  // namespace weir::app
