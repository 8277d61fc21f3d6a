// What the entries of a recording are: steps of the loop, calls of core, and what calls were
// answered.
#pragma once

#include "core/base/bytes.h"

#include <cstdint>
#include <string>

namespace weir::record {

// In files: append only, never renumber.
enum class Kind : std::uint8_t {
    // The command line, once at the beginning of a file.
    launch,
    // Steps: what the loop turns to next.
    start,     // the main task begins
    ready,     // the first of the ready queue is resumed
    turn_end,  // the first of those that wait for the end of the turn is resumed
    timer,     // a timer fires
    done,      // an operation completes, and its answer follows
    stop,      // somebody asks the process to stop
    // What the call or the operation before was answered.
    answer,
    // Calls.
    clock_now,
    clock_wall_now,
    timer_arm,
    timer_disarm,
    random_stream,
    process_halt,
    reached,
    log_moved,
    disk_open,
    disk_list,
    disk_create_directories,
    disk_rename,
    disk_remove_file,
    disk_remove_tree,
    disk_sync_directory,
    disk_free_space,
    disk_lock,
    disk_unlock,
    file_read,
    file_write,
    file_sync,
    file_truncate,
    file_allocate,
    file_size,
    file_close,
    listen,
    accept,
    listener_close,
    connect,
    receive,
    send,
    send_file,
    shutdown_send,
    reset,
    close,
    // The position of each log when the main task has returned, then how it returned.
    log_final,
    end,
};

bool is_step(Kind kind);

// An entry for a person: "file.write file=3 position=4096 size=120 digest=0x1c291ca3". `entry` is
// a kind and its fields; any bytes will do.
std::string describe(ByteSpan entry);

}  // namespace weir::record
