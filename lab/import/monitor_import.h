#ifndef IOVALAB_LAB_IMPORT_MONITOR_IMPORT_H_
#define IOVALAB_LAB_IMPORT_MONITOR_IMPORT_H_

// Monitor import: the flat views of a dump as the transactions of one device,
// so that what reads a log's Import reads a dump's too.
//
// Not for: reading the text (monitor_dump.h).
//
// Invariants: what two sections share is told from their RAM block and offset.
// Host addresses only tell blocks of one name apart, and dumps of two QEMUs;
// where they are not needed they need not be there. In the Import, each block
// has host addresses of its own making.

#include "absl/status/statusor.h"
#include "lab/import/import_events.h"
#include "lab/import/monitor_dump.h"

namespace iovalab {

// Views are steps, in order: what one lacks is deleted before what it has is
// added. Where no view deletes anything, the dump does not show what happens
// when an alias goes: then each section that shares memory with one below it
// (the first kMaxWhatIf) goes and comes back, in its own transactions.
//
// Sections are cut to whole pages as the listener does (QEMU 10.0
// hw/virtio/vhost-vdpa.c).
//
// Errors: InvalidArgument "FILE:LINE: what": no view; a name that several
// blocks have, and no gpa2hva that tells which; outputs that contradict each
// other; offsets of 2^44 and more; very many blocks.
inline constexpr size_t kMaxWhatIf = 16;
absl::StatusOr<Import> ImportMonitorDump(const MonitorDump& dump);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_MONITOR_IMPORT_H_
