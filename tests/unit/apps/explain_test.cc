// What leads from a violation back to its causes, and what the story makes of it.

#include "apps/weir-sim/explain/explain.h"

#include "apps/weir-sim/explain/causes.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace weir::app {
namespace {

using sim::EventKind;
using sim::TraceEvent;

constexpr std::uint16_t kClient = 0;
constexpr std::uint16_t kServer = 1;
constexpr std::uint64_t kStream = 7;

// Events are numbered from 1, one microsecond apart.
class Script {
public:
    Script() { recording_.machines = {"client-0", "spu-0"}; }

    std::uint64_t event(EventKind kind, std::uint16_t node, std::uint64_t cause,
                        std::uint64_t a = 0, std::uint64_t b = 0) {
        const std::uint64_t number = recording_.events.size() + 1;
        recording_.events.push_back(
            TraceEvent{number, cause, static_cast<std::int64_t>(number) * 1'000, a, b, kind, node});
        return number;
    }
    std::uint64_t send(std::uint16_t node, std::uint64_t cause, std::uint32_t size,
                       std::string label) {
        recording_.streams[kStream] = OpenedStream{1, 1'000, kClient, kServer, 9010};
        const auto side = static_cast<std::uint8_t>(node == kClient ? 0 : 1);
        const std::uint64_t number = event(EventKind::net_send, node, cause, kStream * 2 + side);
        recording_.sent.push_back(SentBytes{number, kStream, size, side, std::move(label)});
        return number;
    }
    // The alarm was set by `asked_by`.
    std::uint64_t deliver(std::uint16_t node, std::uint64_t asked_by, std::uint64_t size) {
        const std::uint64_t alarm = event(EventKind::net_deliver, node, asked_by);
        return event(EventKind::net_deliver, node, alarm, kStream * 2 + (node == kServer ? 0 : 1),
                     size);
    }
    std::uint64_t resume(std::uint16_t node, std::uint64_t cause) {
        return event(EventKind::resume, node, cause);
    }
    Recording& recording() { return recording_; }

private:
    Recording recording_;
};

TEST(Causes, ADeliveryIsCausedByItsSendAndNotByTheAlarm) {
    Script script;
    const std::uint64_t start = script.resume(kClient, 0);
    const std::uint64_t first = script.send(kClient, start, 100, "first");
    const std::uint64_t second = script.send(kClient, start, 40, "second");
    const std::uint64_t arrived_first = script.deliver(kServer, first, 100);
    // The alarm for the second was set when the first arrived.
    const std::uint64_t arrived_second = script.deliver(kServer, arrived_first, 40);
    const Causes causes(script.recording());
    EXPECT_EQ(causes.partner(arrived_first), first);
    EXPECT_EQ(causes.partner(arrived_second), second);
    EXPECT_EQ(causes.partner(second), arrived_second);
    EXPECT_EQ(causes.cause_of(*causes.find(arrived_second)), second);
    EXPECT_EQ(causes.chain(arrived_second, 10),
              (std::vector<std::uint64_t>{arrived_second, second}));
}

TEST(Causes, WhatACutLostIsNotPaired) {
    Script script;
    const std::uint64_t start = script.resume(kClient, 0);
    const std::uint64_t whole = script.send(kClient, start, 100, "whole");
    const std::uint64_t torn = script.send(kClient, start, 50, "torn");
    const std::uint64_t lost = script.send(kClient, start, 10, "lost");
    const std::uint64_t arrived = script.deliver(kServer, whole, 100);
    const std::uint64_t part = script.deliver(kServer, arrived, 20);
    const Causes causes(script.recording());
    EXPECT_EQ(causes.partner(part), torn);
    EXPECT_EQ(causes.partner(lost), 0U);
}

TEST(Causes, AChainGoesThroughStepsAndEndsWhereWaitingBegan) {
    Script script;
    std::uint64_t timer = 0;
    for (int i = 0; i < 5; ++i) {
        timer = script.event(EventKind::timer, kClient, script.resume(kClient, timer));
    }
    const std::uint64_t request = script.send(kClient, script.resume(kClient, timer), 30, "asks");
    const std::uint64_t asked = script.deliver(kServer, request, 30);
    const std::uint64_t alarm =
        script.event(EventKind::disk_done, kServer, script.resume(kServer, asked));
    const std::uint64_t synced =
        script.event(EventKind::disk_done, kServer, script.resume(kServer, alarm), 4, 1);
    const Causes causes(script.recording());
    EXPECT_EQ(causes.chain(synced, 100),
              (std::vector<std::uint64_t>{synced, asked, request, timer}));
    EXPECT_EQ(causes.chain(synced, 2), (std::vector<std::uint64_t>{synced, asked}));
}

TEST(Causes, OfLongWorkOnADiskOnlyTheEndIsTold) {
    Script script;
    const std::uint64_t request = script.send(kClient, script.resume(kClient, 0), 30, "asks");
    std::uint64_t last = script.deliver(kServer, request, 30);
    const std::uint64_t asked = last;
    std::vector<std::uint64_t> done;
    for (int i = 0; i < 20; ++i) {
        const std::uint64_t alarm =
            script.event(EventKind::disk_done, kServer, script.resume(kServer, last));
        last = script.event(EventKind::disk_done, kServer, script.resume(kServer, alarm), 3, 1);
        done.push_back(last);
    }
    const Causes causes(script.recording());
    EXPECT_EQ(causes.chain(last, 100),
              (std::vector<std::uint64_t>{done[19], done[18], done[17], asked, request}));
}

TEST(Causes, ForgottenEventsEndTheChain) {
    Script script;
    const std::uint64_t request = script.send(kClient, script.resume(kClient, 0), 30, "asks");
    const std::uint64_t asked = script.deliver(kServer, request, 30);
    Recording& recording = script.recording();
    recording.events.erase(recording.events.begin(), recording.events.begin() + 2);
    const Causes causes(recording);
    EXPECT_EQ(causes.find(request), nullptr);
    EXPECT_EQ(causes.chain(asked, 10), (std::vector<std::uint64_t>{asked}));
    EXPECT_TRUE(causes.chain(99, 10).empty());
}

// A record is acknowledged, then the server loses power and with it the record.
struct LostRecord {
    LostRecord() {
        const std::uint64_t request =
            script.send(kClient, script.resume(kClient, 0), 30, "Produce request 1");
        const std::uint64_t asked = script.deliver(kServer, request, 30);
        const std::uint64_t answer =
            script.send(kServer, script.resume(kServer, asked), 20, "Produce answer 1");
        const std::uint64_t answered = script.deliver(kClient, answer, 20);
        acked = script.event(EventKind::oracle, 0xffff, script.resume(kClient, answered), 5, 3);
        // Planned when something else happened.
        planning = script.event(EventKind::disk_done, kServer, 0, 2, 1);
        const std::uint64_t harness = script.event(EventKind::harness, 0xffff, planning);
        fault = script.event(EventKind::fault, kServer, harness, 1, 77);
        script.event(EventKind::machine, kServer, harness,
                     static_cast<std::uint64_t>(sim::MachineStep::power_loss), 1);
        report.violations.push_back(sim::Violation{
            sim::Invariant::a1_acked_survive,
            "events-0 (recovered log): record 5 of producer 0 was acknowledged at offset 3", 13'000,
            script.recording().events.size()});
        violated = script.event(EventKind::oracle, 0xffff, harness, 1);
        // Machines are torn down after the report.
        report.events = violated;
        script.event(EventKind::machine, kClient, 0,
                     static_cast<std::uint64_t>(sim::MachineStep::crash), 1);
        report.verdict = sim::Verdict::safety;
        report.scenario = one.scenario.name = "planted";
        sim::Fault planned;
        planned.kind = sim::FaultKind::power_loss;
        planned.argument = 77;
        planned.lasts = Duration::from_ms(2);
        report.fault_plan.push_back(planned);
    }
    Story tell(const StoryLimits& limits = {}) {
        return tell_story(one, report, script.recording(), limits);
    }
    Script script;
    sim::Case one;
    sim::RunReport report;
    std::uint64_t planning = 0;
    std::uint64_t acked = 0;
    std::uint64_t fault = 0;
    std::uint64_t violated = 0;
};

const StoryEvent* find_event(const Story& story, std::uint64_t sequence) {
    for (const StoryEvent& event : story.events) {
        if (event.sequence == sequence) {
            return &event;
        }
    }
    return nullptr;
}

TEST(Story, ThePromiseAndTheLossAreBothInTheCausalPast) {
    LostRecord lost;
    const Story story = lost.tell();
    const StoryEvent* acked = find_event(story, lost.acked);
    ASSERT_NE(acked, nullptr);
    EXPECT_TRUE(acked->is_causal);
    EXPECT_EQ(acked->text, "acknowledged: record 5 at offset 3");
    EXPECT_EQ(story.lanes[acked->lane].name, "client-0");
    ASSERT_NE(find_event(story, lost.planning), nullptr);
    EXPECT_FALSE(find_event(story, lost.planning)->is_causal);
    ASSERT_NE(find_event(story, lost.violated), nullptr);
    EXPECT_EQ(find_event(story, lost.violated)->kind, StoryKind::violation);
    EXPECT_EQ(story.lanes[find_event(story, lost.violated)->lane].name, "checks");
    // Nothing from after the report.
    EXPECT_EQ(story.events.back().sequence, lost.violated);
    ASSERT_EQ(story.faults.size(), 1U);
    EXPECT_EQ(story.faults[0].to_ns - story.faults[0].from_ns, 2'000'000);
    EXPECT_TRUE(find_event(story, lost.fault)->is_causal);
    const std::string text = to_text(story);
    EXPECT_NE(text.find("Violated: A1 acked-survive"), std::string::npos) << text;
    EXPECT_LT(text.find("acknowledged: record 5"), text.find("fault: power_loss")) << text;
}

TEST(Story, AFaultOfALinkNamesWhomItHit) {
    LostRecord lost;
    lost.script.recording().events[lost.fault - 1].a =
        static_cast<std::uint64_t>(sim::FaultKind::block);
    // Whatever the plan says: "leader" is somebody else later.
    lost.report.fault_hits = {{lost.fault, kServer, kClient}};
    Story story = lost.tell();
    EXPECT_EQ(story.faults.at(0).text, "block of spu-0 towards client-0");
    EXPECT_EQ(story.faults[0].peer_lane, static_cast<std::int32_t>(kClient));
    lost.report.fault_hits = {{lost.fault, kServer, kServer}};
    story = lost.tell();
    EXPECT_EQ(story.faults.at(0).text, "block of spu-0 towards itself, so nothing happens");
    EXPECT_EQ(story.faults[0].peer_lane, -1);
}

TEST(Story, TheCausalPastAndTheFaultsStayWhenLittleElseDoes) {
    LostRecord lost;
    for (int i = 0; i < 50; ++i) {
        lost.script.event(EventKind::disk_done, kServer, 1, 2, 1);
    }
    lost.report.violations[0].event = lost.script.recording().events.size();
    lost.report.events = lost.script.event(EventKind::oracle, 0xffff, 1, 1);
    StoryLimits limits;
    limits.events_max = 10;
    limits.disk_events_max = 10;
    const Story story = lost.tell(limits);
    EXPECT_NE(find_event(story, lost.acked), nullptr);
    EXPECT_NE(find_event(story, lost.fault), nullptr);
    // And the one in which the fault was planned.
    EXPECT_EQ(story.events_left_out, 41U);
    EXPECT_LT(story.events.size(), 25U);
}

TEST(Story, TextsCannotEndTheScriptOfThePage) {
    LostRecord lost;
    lost.report.violations[0].text = "</script><b>\xff";
    const std::string page = to_html(lost.tell());
    EXPECT_EQ(page.find("</script><b>"), std::string::npos);
    EXPECT_NE(page.find("\\u003c/script>"), std::string::npos);
    EXPECT_EQ(page.find("/*STORY*/"), std::string::npos);
    EXPECT_EQ(page.find("/*PROGRAM*/"), std::string::npos);
}

// An assertion in the middle of a run: sizes of records from an empty range.
TEST(ExplainDeathTest, AFailedAssertionIsToldBeforeTheEnd) {
    sim::Case one;
    one.scenario.name = "impossible";
    sim::TopicPlan orders;
    orders.name = "orders";
    one.scenario.topics.push_back(orders);
    one.scenario.workload.record_size_bytes = {17, 16};
    const auto tell = [](const Story& story) {
        std::fputs(to_text(story).c_str(), stderr);
        std::fputs(to_html(story).empty() ? "no page" : "and a page", stderr);
    };
    EXPECT_DEATH(explain(one, tell),
                 "Violated: assert assertion[^$]*prng[^$]*How it came about"
                 "[^$]*a timer is due[^$]*and a page");
}

// A request of API `key`, whole.
Bytes request_frame(std::uint8_t key, std::uint8_t id, std::uint8_t body_size) {
    Bytes frame = {0, 0, 0, static_cast<std::uint8_t>(8 + body_size), 0, key, 0, 1, 0, 0, 0, id};
    frame.resize(frame.size() + body_size);
    return frame;
}

TEST(FrameNames, FramesAreFoundHoweverTheBytesAreCut) {
    Bytes bytes = request_frame(0, 12, 30);
    const Bytes second = request_frame(18, 13, 0);
    bytes.insert(bytes.end(), second.begin(), second.end());
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        FrameHeads heads;
        std::vector<FrameHead> found = heads.feed(ByteSpan(bytes).subspan(0, cut));
        for (const FrameHead& frame : heads.feed(ByteSpan(bytes).subspan(cut))) {
            found.push_back(frame);
        }
        ASSERT_EQ(found.size(), 2U) << cut;
        EXPECT_EQ(frame_label(9010, found[0], true), "Produce request 12");
        EXPECT_EQ(frame_label(9010, found[1], true), "ApiVersions request 13");
        EXPECT_EQ(heads.key_of(12), 0);
        EXPECT_EQ(heads.key_of(99), kUnknownKey);
    }
}

TEST(FrameNames, BytesThatAreNoFramesEndTheReading) {
    const Bytes bytes(64, 0xff);
    FrameHeads heads;
    EXPECT_TRUE(heads.feed(bytes).empty());
    EXPECT_TRUE(heads.feed(request_frame(0, 1, 0)).empty());
}

}  // namespace
}  // namespace weir::app
