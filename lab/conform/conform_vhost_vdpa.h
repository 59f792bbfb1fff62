#ifndef IOVALAB_LAB_CONFORM_CONFORM_VHOST_VDPA_H_
#define IOVALAB_LAB_CONFORM_CONFORM_VHOST_VDPA_H_

// Recordings of the kernel's vhost-vdpa device over vdpa_sim, VDUSE and vp_vdpa
// behind VT-d: one system call or device access a line, with its errno, what
// the message handler answered, the device and IOMMU operations it called, and
// all tables after it.
//
// An operation that the model does not know is a mismatch, never skipped.
//
// Not for: vhost-net (another recording of group A).

#include "lab/conform/conform_kind.h"

namespace iovalab {

extern const ConformKind kConformVhostVdpa;

}  // namespace iovalab

#endif  // IOVALAB_LAB_CONFORM_CONFORM_VHOST_VDPA_H_
