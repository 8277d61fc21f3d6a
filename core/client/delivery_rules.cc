#include "core/client/delivery_rules.h"

namespace weir::client {
namespace {

// What a server's refusal says about the record.
enum class Meaning : std::uint8_t { not_written, maybe_written, written_not_committed };

// Our servers answer so, with an offset of -1, when a batch is not in the order of its producer.
bool refused_for_its_number(const wire::ProducePartitionResponse& answer) {
    return answer.error.tag == wire::ErrorTag::other && answer.base_offset < 0;
}

// Our servers answer so, without an offset, when too few replicas live to take the record.
bool not_taken_for_now(const wire::ProducePartitionResponse& answer) {
    return answer.error.tag == wire::ErrorTag::request_timed_out && answer.base_offset < 0;
}

Meaning meaning_of(const wire::ProducePartitionResponse& answer, wire::Isolation isolation) {
    const wire::ErrorTag tag = answer.error.tag;
    if (not_taken_for_now(answer) || refused_for_its_number(answer)) {
        return Meaning::not_written;
    }
    if (tag == wire::ErrorTag::request_timed_out) {
        return Meaning::written_not_committed;
    }
    if (tag == wire::ErrorTag::not_leader_for_partition) {
        // Refused before the write, unless leadership was lost while it waited, for the commit or
        // for its disk; of the latter our servers give the offset behind it.
        const bool may_have_waited =
            isolation == wire::Isolation::read_committed || answer.base_offset > 0;
        return may_have_waited ? Meaning::maybe_written : Meaning::not_written;
    }
    if (tag == wire::ErrorTag::storage_error || tag == wire::ErrorTag::unknown_server_error ||
        tag == wire::ErrorTag::other) {
        return Meaning::maybe_written;
    }
    return Meaning::not_written;
}

}  // namespace

Verdict judge(SentBatch& batch, const wire::ProducePartitionResponse& answer,
              wire::Isolation isolation, DeliverySemantic delivery) {
    if (answer.error.ok()) {
        return Verdict::acked;
    }
    const Meaning meaning = meaning_of(answer, isolation);
    batch.maybe_written = batch.maybe_written || meaning != Meaning::not_written;
    if (batch.is_numbered() && refused_for_its_number(answer)) {
        return Verdict::out_of_order;
    }
    if (meaning == Meaning::written_not_committed) {
        batch.offset = Offset(answer.base_offset);
    }
    // What is numbered may be sent again although it is written: the leader knows it.
    const bool is_retriable = answer.error.tag == wire::ErrorTag::not_leader_for_partition ||
                              not_taken_for_now(answer) ||
                              (batch.is_numbered() && meaning == Meaning::written_not_committed);
    return is_retriable && delivery == DeliverySemantic::at_least_once ? Verdict::open
                                                                       : Verdict::ended;
}

bool number_anew(SentBatch& batch, SequenceNumbers& numbers) {
    if (batch.maybe_written) {
        return false;
    }
    batch.number = numbers.take(batch.record_count);
    return true;
}

}  // namespace weir::client
