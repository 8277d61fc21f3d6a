"""Proves every rule of the tidy test: a clean tree passes, each planted violation is reported."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import symbols  # noqa: E402
import tidy  # noqa: E402
from tree import Tree, strip_comments  # noqa: E402

CLEAN = {
    "core/base/CMakeLists.txt": "weir_library(NAME weir_base SOURCES good.cc)\n",
    "core/base/good.h": "// A comment may say std::thread, printf( and double.\n#pragma once\n"
                        "#include <string>\ninline std::string good() { return \"rand()\"; }\n",
    "core/base/good.cc": '#include "core/base/good.h"\n#include <fmt/core.h>\n',
    "core/env/net.h": "#pragma once\n#include <span>\n#include \"core/base/good.h\"\n"
                      "template <class T> class Task {};\n"
                      "struct Net { virtual Task<int> read(std::span<char> into) = 0; };\n",
    "core/task/loop.h": "#pragma once\n#include \"core/base/good.h\"\n",
    "runtime/real/net/net.h": "#pragma once\n#include <span>\n#include <thread>\n"
                              "#include \"core/env/net.h\"\n"
                              "struct RealNet { Task<int> read(std::span<char> into); };\n",
    "README.md": "# Title\n\n```\n# not a title\n```\n\n## Part\n",
}


class TidyTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.temporary.name)
        self.put(CLEAN)

    def tearDown(self):
        self.temporary.cleanup()

    def put(self, files):
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def found(self, files=None, headers=False):
        self.put(files or {})
        cache = self.root / "build" / ".tidy-headers" if headers else None
        violations = tidy.run(self.root, self.root / "allow", cache=cache)
        return [(v.path, v.line, v.rule) for v in violations]

    def expect(self, files, *wanted, headers=False):
        self.assertEqual(sorted(self.found(files, headers)), sorted(wanted))

    def test_clean_tree_passes(self):
        self.expect({}, headers=True)

    def test_lower_layer_may_not_include_higher(self):
        text = '#pragma once\n#include "core/task/loop.h"\n'
        self.expect({"core/base/bad.h": text}, ("core/base/bad.h", 2, "layers"))

    def test_awaited_aggregate_is_found_across_lines(self):
        text = ('#pragma once\n#include "core/env/net.h"\n'
                "inline Task<void> f(Net& net) {\n"
                "    const Key named{1, 2};\n    co_await net.call(named);\n"
                "    co_await net.call(a,\n        Key{1, 2});\n}\n")
        self.expect({"runtime/sim/bad.h": text}, ("runtime/sim/bad.h", 6, "awaited"))

    def test_runtimes_may_not_include_each_other(self):
        text = '#pragma once\n#include "runtime/real/net/net.h"\n'
        self.expect({"runtime/sim/net/bad.h": text}, ("runtime/sim/net/bad.h", 2, "layers"))

    def test_spu_may_not_include_sc(self):
        self.put({"core/sc/service.h": "#pragma once\n"})
        text = '#pragma once\n#include "core/sc/service.h"\n'
        self.expect({"core/spu/bad.h": text}, ("core/spu/bad.h", 2, "layers"))

    def test_include_must_be_root_relative(self):
        text = '#pragma once\n#include "good.h"\n'
        self.expect({"core/base/bad.h": text}, ("core/base/bad.h", 2, "layers"))

    def test_core_may_not_include_threads_or_packages(self):
        text = "#pragma once\n#include <thread>\n#include <boost/asio.hpp>\n#include <unistd.h>\n"
        wanted = [("core/base/bad.h", line, "layers") for line in (2, 3, 4)]
        self.expect({"core/base/bad.h": text}, *wanted)

    def test_formatting_stays_out_of_core_headers(self):
        text = "#pragma once\n#include <fmt/core.h>\n"
        self.expect({"core/base/bad.h": text}, ("core/base/bad.h", 2, "layers"))

    def test_banned_names(self):
        uses = ["std::mutex m;", "auto t = std::chrono::steady_clock::now();", "int r = rand();",
                'auto e = getenv("X");', "std::unordered_map<int, int> m;", "double d = 1;",
                "thread_local int x;", "std::random_device r;", 'printf("x");', "::read(0, p, 1);",
                "std::filesystem::path p;", "std::map<Foo*, int> m;", "std::cout << 1;",
                "std::hash<int> h;"]
        for use in uses:
            with self.subTest(use=use):
                found = self.found({"core/base/bad.h": f"#pragma once\n{use}\n"})
                self.assertIn(("core/base/bad.h", 2, "banned"), found)

    def test_banned_names_are_fine_outside_core(self):
        self.expect({"runtime/real/net/fine.h": "#pragma once\nstd::mutex m;\ndouble d;\n"})

    def test_view_parameter_of_a_task(self):
        for view in ("std::string_view", "std::span<int>", "ByteSpan", "const std::string_view&"):
            with self.subTest(view=view):
                text = f"#pragma once\nTask<void> run(\n    int a, {view} b);\n"
                self.expect({"core/task/bad.h": text}, ("core/task/bad.h", 2, "task-views"))

    def test_view_parameter_that_is_not_of_a_seam_in_runtime(self):
        text = "#pragma once\nTask<Result<int>> Net::other(std::string_view b);\n"
        self.expect({"runtime/real/net/bad.h": text}, ("runtime/real/net/bad.h", 2, "task-views"))

    def test_leftover_marker(self):
        text = "#pragma once\n// FIX" + "ME later\n"
        self.expect({"runtime/real/net/bad.h": text}, ("runtime/real/net/bad.h", 2, "fixme"))

    def test_todo_names_its_issue(self):
        text = "#pragma once\n// TODO later\n// TODO(#7): fine\n"
        self.expect({"core/base/bad.h": text}, ("core/base/bad.h", 2, "todo"))

    def test_source_that_is_not_built(self):
        self.expect({"core/base/lost.cc": "int x;\n"}, ("core/base/lost.cc", 1, "listed"))

    def test_source_listed_in_an_included_file(self):
        self.expect({"tests/unit/x/part.cmake": "weir_test(NAME t SOURCES part_test.cc)\n",
                     "tests/unit/x/part_test.cc": "int x;\n"})

    def test_line_width(self):
        text = "#pragma once\n// " + "x" * 98 + "\n"
        self.expect({"core/base/bad.h": text}, ("core/base/bad.h", 2, "width"))

    def test_markdown_titles(self):
        self.expect({"docs/two.md": "# One\n\n# Two\n", "docs/none.md": "text\n"},
                    ("docs/two.md", 3, "titles"), ("docs/none.md", 1, "titles"))

    def test_header_that_needs_another(self):
        text = "#pragma once\ninline std::string bad();\n"
        self.expect({"core/base/bad.h": text}, ("core/base/bad.h", 1, "headers"), headers=True)

    def test_header_is_checked_again_when_what_it_includes_changes(self):
        self.put({"core/base/a.h": "#pragma once\nstruct A {};\n"})
        text = '#pragma once\n#include "core/base/a.h"\ninline A make() { return {}; }\n'
        self.expect({"core/base/b.h": text}, headers=True)
        self.expect({"core/base/a.h": "#pragma once\n"}, ("core/base/b.h", 1, "headers"),
                    headers=True)

    def test_allowance_with_a_reason_is_respected(self):
        self.put({"allow/banned.txt": "core/base/bad.h | std::mutex | the reason\n"})
        self.expect({"core/base/bad.h": "#pragma once\nstd::mutex m;\n"})

    def test_allowance_without_a_reason_or_a_use_is_reported(self):
        self.put({"allow/banned.txt": "core/base/good.h | std::mutex |\n"
                                      "core/base/gone.h | std::mutex | the reason\n"})
        self.expect({}, ("tests/tidy/allow/banned.txt", 1, "allow"),
                    ("tests/tidy/allow/banned.txt", 2, "allow"))

    def test_denied_symbol_in_a_library_of_core(self):
        source = self.root / "bad.cc"
        source.write_text("#include <unistd.h>\n#include <string>\n"
                          "long f(char* p) { return ::read(0, p, std::string(p).size()); }\n",
                          encoding="utf-8")
        folder = self.root / "out" / "core" / "base"
        folder.mkdir(parents=True)
        subprocess.run(["g++", "-c", source, "-o", folder / "bad.cc.o"], check=True)
        subprocess.run(["ar", "qc", folder / "libbad.a", folder / "bad.cc.o"], check=True)
        found = list(symbols.check_symbols(Tree(self.root, self.root / "allow"), self.root / "out"))
        self.assertEqual([(v.path, v.message) for v in found],
                         [("core/base/bad.cc", "core refers to 'read'")])

    def test_missing_libraries_are_not_a_pass(self):
        found = list(symbols.check_symbols(Tree(self.root, self.root / "allow"), self.root / "out"))
        self.assertEqual(len(found), 1)

    def test_comments_and_literals_are_blanked(self):
        text = ('int a = 10\'000; // rand()\nauto s = R"(getenv\n)"; char c = \'"\'; int b; '
                '/* x\n*/ y')
        bare = strip_comments(text)
        self.assertEqual(bare.count("\n"), text.count("\n"))
        self.assertIn("10'000", bare)
        self.assertIn("int b;", bare)
        for gone in ("rand", "getenv"):
            self.assertNotIn(gone, bare)


if __name__ == "__main__":
    unittest.main()
