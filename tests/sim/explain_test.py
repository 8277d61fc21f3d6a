"""`weir-sim explain`: the text names what was violated, and the page works in a real browser."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SCENARIO = "single-spu-power-loss"
LANES = ["sc", "spu-0", "client-0", "client-1", "checks"]
REPLICATED = "deposed-leader-goes-on"
REPLICATED_LANES = ["sc", "spu-0", "spu-1", "spu-2", "client-0", "client-1", "client-2", "checks"]
SIZE_MAX = 2_000_000
# As a person would: into the causal past only, to scale, all events, larger, smaller, dragged.
USE = """
<script>
const before = document.querySelectorAll("#chart .event").length;
byId("causal").click();
document.body.dataset.causalOnly = document.querySelectorAll("#chart .event").length < before;
byId("causal").click();
byId("noise").click();
document.body.dataset.all = document.querySelectorAll("#chart .event").length > before;
byId("linear").click();
byId("linear").click();
const tall = byId("chart").getAttribute("height");
byId("in").click();
document.body.dataset.zoomed = Number(byId("chart").getAttribute("height")) > Number(tall);
byId("fit").click();
const dot = document.querySelector("#chart .event.causal");
dot.dispatchEvent(new MouseEvent("mousemove", {bubbles: true, clientX: 5, clientY: 5}));
document.body.dataset.tip = byId("tip").textContent;
const view = byId("view");
const top0 = view.scrollTop;
view.dispatchEvent(new MouseEvent("mousedown", {bubbles: true, clientX: 50, clientY: 50}));
dispatchEvent(new MouseEvent("mousemove", {clientX: 50, clientY: 90}));
dispatchEvent(new MouseEvent("mouseup"));
document.body.dataset.dragged = view.scrollTop !== top0;
</script>
"""


def simulator(program, *args):
    done = subprocess.run([program, *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, text=True)
    return done.returncode, done.stdout, done.stderr


def browse(page, fragment=""):
    """The page as a browser has it after a moment; anything on its console is an error."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    assert browser, "no chromium: ./dev setup installs it"
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
             f"--user-data-dir={profile}", "--window-size=1600,1000",
             "--virtual-time-budget=5000", "--dump-dom", page.as_uri() + fragment],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True, text=True, timeout=120)
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not said, said
    # What was made, without what made it.
    return re.sub(r"<script.*?</script>", "", done.stdout, flags=re.DOTALL)


def dataset(dom):
    body = re.search(r"<body([^>]*)>", dom).group(1)
    return dict(re.findall(r'data-([a-z-]+)="([^"]*)"', body))


def count(dom, classes):
    """Elements that have all these classes."""
    wanted = set(classes.split())
    return sum(wanted <= set(found.split()) for found in re.findall(r'class="([^"]*)"', dom))


def check_page(page, invariant, wanted_lanes=LANES):
    text = page.read_text(encoding="utf-8")
    assert len(text.encode()) < SIZE_MAX, len(text)
    outside = [url for url in re.findall(r"""https?://[^\s"'<>)]*""", text)
               if url != "http://www.w3.org/2000/svg"]
    assert not outside, outside
    assert not re.search(r"<(link|img|iframe)|@import|url\((?!#)|\bfetch\(|XMLHttpRequest", text)
    dom = browse(page)
    assert dataset(dom).get("ready") == "yes", dataset(dom)
    lanes = re.findall(r'data-lane="([^"]*)"', dom)
    assert lanes == wanted_lanes, lanes
    assert count(dom, "message") > 50, count(dom, "message")
    assert count(dom, "event") > 100, count(dom, "event")
    assert count(dom, "event causal") >= 2, "the causal past is empty"
    assert count(dom, "message causal") >= 1, "no message of the causal past"
    assert count(dom, "event violation") == 1
    assert count(dom, "fault-band") >= 1
    assert count(dom, "strip") >= 1
    assert re.search(r'<span id="invariant">' + invariant, dom), "the invariant is not on top"
    past = re.search(r'<ol id="past">(.*?)</ol>', dom, re.DOTALL).group(1)
    assert past.count("<li") >= 2, past
    return dom


def check_use(page):
    found = browse(page, "#q=Produce%20request")
    assert int(dataset(found)["hits"]) >= 1 and count(found, "event hit") >= 1, dataset(found)
    assert count(found, "event chosen") == 1
    nothing = browse(page, "#q=no-such-thing")
    assert dataset(nothing)["hits"] == "0" and count(nothing, "event hit") == 0
    used = page.with_name("used.html")
    used.write_text(page.read_text(encoding="utf-8").replace("</body>", USE + "</body>"),
                    encoding="utf-8")
    after = dataset(browse(used))
    for what in ("causal-only", "all", "zoomed", "dragged"):
        assert after.get(what) == "true", (what, after)
    assert "causal past" in after["tip"], after


def stuck_scenario(folder, scenario, events_max):
    """One that cannot end well: it has not nearly enough events."""
    root = pathlib.Path(__file__).resolve().parents[2]
    text = (root / "sim-scenarios" / "fast" / f"{scenario}.toml").read_text(encoding="utf-8")
    path = folder / f"stuck-{scenario}.toml"
    path.write_text(text.replace("[run]\n", f"[run]\nevents_max = {events_max}\n", 1),
                    encoding="utf-8")
    return path


def epochs(dom):
    """Of the strips, from left to right and from the top: (epoch, whether it is led there)."""
    return [(int(epoch), leads != "") for leads, epoch in
            re.findall(r'<rect class="epoch( leads)?" data-epoch="(\d+)"', dom)]


def check_epochs(dom, text):
    """Three replicas, each in one epoch after the other, and at most one leads in each."""
    found = epochs(dom)
    assert len(found) >= 3, found
    led = {epoch for epoch, leads in found if leads}
    assert len(led) >= 2, "nobody was elected after the first"
    for epoch in led:
        assert sum(leads for one, leads in found if one == epoch) == 1, (epoch, found)
    assert re.search(r'class="epoch-text leads"[^>]*>\d+<', dom), "no epoch is written"
    last = text.split("Logs at the end")[1].split("\n\n")[0]
    at_end = re.findall(r"orders-0.*ends at \d+, epoch (\d+)(, leads)?(?:\n|$)", last)
    assert len(at_end) == 3 and any(leads for _, leads in at_end), last


def check_replicated(program, folder):
    """A failed run with several elections before its end."""
    scenario = stuck_scenario(folder, REPLICATED, 60_000)
    page = folder / "replicated.html"
    for seed in range(1, 21):
        _, text, _ = simulator(program, "explain", scenario, "--seed", seed, "--text", "-o", page)
        past = text.split("How it came about")[1].split("\n\n")[0]
        if re.search(r"sends \w+ request", past) and sum(
                leads for _, leads in epochs(browse(page))) >= 2:
            check_epochs(check_page(page, "A12", REPLICATED_LANES), text)
            return
    raise AssertionError("no run of 20 has two leaders in what is shown")


def seed_that_waits(program, scenario):
    """A seed whose run ends after a fault and while a request waits, so that there is something of
    everything to show."""
    for seed in range(1, 21):
        _, text, _ = simulator(program, "explain", scenario, "--seed", seed, "--text")
        past = text.split("How it came about")[1].split("\n\n")[0]
        if re.search(r"sends \w+ request", past) and re.search(r"\nFaults\n +[\d.]+ s", text):
            return seed
    raise AssertionError("no run of 20 ends after a fault and while a request waits")


def check_planted(program, folder):
    """A planted bug: the broken promise and the loss of it are both in the causal past."""
    _, listed, _ = simulator(program, "sweep", SCENARIO, "--seeds", 150, "--json", "--mutant",
                             "ack_before_fsync", "--bundles", folder / "bundles")
    # Other seeds show it as a watermark that goes back.
    seed = next(failure["seed"] for failure in json.loads(listed)["failures"]
                if failure["violations"][0]["invariant"] == "A1")
    page = folder / "planted.html"
    status, text, error = simulator(program, "explain", SCENARIO, "--seed", seed, "--mutant",
                                    "ack_before_fsync", "--text", "-o", page)
    assert status == 0, error
    assert "Violated: A1 acked-survive" in text, text
    past = text.split("How it came about")[1].split("\n\n")[0]
    record = re.search(r"record (\d+) of producer \d+ was acknowledged", text).group(1)
    # The first promise about it, to whoever got it first.
    promise = re.search(rf"(acknowledged|reads): record {record} at offset", past)
    assert promise, past
    assert "power_loss" in past and "Produce request" in past, past
    assert promise.start() < past.rindex("fault: power_loss"), past
    check_page(page, "A1")
    # A leader that was deposed, as its own strip and the others' show.
    status, text, error = simulator(program, "explain", REPLICATED, "--seed", 1, "--mutant",
                                    "old_leader_serves", "--text", "-o", page)
    assert status == 0, error
    assert "Violated: I20 stale-leader" in text, text
    check_epochs(check_page(page, "I20", REPLICATED_LANES), text)


def main():
    program = sys.argv[1]
    has_mutants = "mutants" in sys.argv[2:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if has_mutants:
            check_planted(program, folder)
            print("passed")
            return
        check_replicated(program, folder)
        scenario = stuck_scenario(folder, SCENARIO, 9000)
        page = folder / "report.html"
        seed = seed_that_waits(program, scenario)
        status, text, error = simulator(program, "explain", scenario, "--seed", seed, "--text",
                                        "-o", page)
        assert status == 0, error
        assert "Violated: A12 progress" in text, text
        assert "How it came about" in text and "9000 events were not enough" in text, text
        # Being looked at changes nothing.
        _, plain, _ = simulator(program, "run", scenario, "--seed", seed, "--json")
        assert json.loads(plain)["trace_hash"] in text, text
        check_page(page, "A12")
        check_use(page)
        _, clean, _ = simulator(program, "explain", SCENARIO, "--seed", 7)
        assert "Nothing was violated" in clean and "How it came about" not in clean, clean
        status, _, error = simulator(program, "explain", SCENARIO, "-o", "/no/such/folder/x.html")
        assert status == 2 and "cannot write" in error, (status, error)
    print("passed")


if __name__ == "__main__":
    main()
