// What the recorded server and ours said to the same requests, as fields that can be compared.
//
// Normalised by rule, never by leaving a whole answer out:
//   epochs of watches         every update has one; its value is the server's own
//   addresses of SPUs         the recorded ones of 5001 and 5002 become those of the simulation
//   stored times              a consumer offset's time becomes "time"; zero would stay zero
//   leader epoch of batches   outside of the checksum; Fluvio keeps the client's, Weir stamps its
//   own watches                   the first full list, then the last state of each object that the
//                             recorded changes name: how many messages carry them is timing
//   streams                   the batches with the first answer's head: how batches are grouped
//   into
//                             answers is timing
// Pure; any executor.
#pragma once

#include "tests/compat/field_dump.h"
#include "tests/compat/replay.h"

#include <map>
#include <string>
#include <vector>

namespace weir::test {

// Public and private address of a recorded SPU in the simulation.
struct SpuAddresses {
    HostPort public_address;
    HostPort private_address;
};
using AddressMap = std::map<std::int32_t, SpuAddresses>;

struct Difference {
    // "cli-0.18.1/topic-create SC 4 Create".
    std::string where;
    std::string field;
    std::string recorded;
    std::string ours;
};

// What the recorded SC said about partitions in the lists and watches of one command, to compare it
// with what our SC says earlier.
Fields recorded_partitions(const Conversation& conversation, const AddressMap& addresses);

// The fields of all recorded answers and of all of ours, compared.
std::vector<Difference> compare(const Conversation& conversation, const Dialogue& dialogue,
                                const Played& played, const AddressMap& addresses);

}  // namespace weir::test
