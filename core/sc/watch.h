// The watch streams of one connection (control-plane spec 6).
//
// A stream holds a position in a table, not a queue: what a slow client has not taken yet coalesces
// into its next message. Owned by the connection, which destroys it before the catalog.
#pragma once

#include "core/sc/catalog.h"
#include "core/wire/control_plane.h"

#include <memory>

namespace weir::sc {

class WatchStream {
public:
    virtual ~WatchStream() = default;
    // There is something to send.
    virtual bool behind() const = 0;
    // The next response as a whole frame, built in the empty buffer `into`: everything at the first
    // call, changes later.
    virtual Bytes next_frame(Bytes into) = 0;
};

// `version` and `correlation_id` are those of the request; every response carries them.
std::unique_ptr<WatchStream> make_watch_stream(Catalog& catalog, const wire::WatchRequest& request,
                                               wire::Version version, CorrelationId correlation_id);

}  // namespace weir::sc
