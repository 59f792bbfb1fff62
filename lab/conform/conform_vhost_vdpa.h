#ifndef IOVALAB_LAB_CONFORM_CONFORM_VHOST_VDPA_H_
#define IOVALAB_LAB_CONFORM_CONFORM_VHOST_VDPA_H_

// Recordings of the kernel's vhost-vdpa device over vdpa_sim and VDUSE: one
// system call or device access a line, with its errno, what the message handler
// answered, the device operations it called, and all tables after it.
//
// An operation that the model does not know is a mismatch, never skipped.
//
// Not for: vhost-net and the platform IOMMU (other recordings of group A).

#include "lab/conform/conform_kind.h"

namespace iovalab {

extern const ConformKind kConformVhostVdpa;

}  // namespace iovalab

#endif  // IOVALAB_LAB_CONFORM_CONFORM_VHOST_VDPA_H_
