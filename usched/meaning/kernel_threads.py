"""Which threads are the kernel's own, by the names that it gives them."""

from __future__ import annotations

import re

KTHREADD = 2

#: As `ps` has them in brackets; a comm is cut at 15 characters, and at 63 for kworkers.
_NAMES = re.compile(
    r"(kthreadd|kworker/|kworker\+|ksoftirqd/|migration/|cpuhp/|idle_inject/|watchdog/|watchdogd$"
    r"|rcu_|rcuo[bgps]/|rcuog/|rcuc/|rcub/|rcuop/|irq/|ktimers/|ktimersoftd/|posixcputmr/"
    r"|kswapd|kcompactd|ksmd$|khugepaged$|kdevtmpfs$|kauditd$|khungtaskd$|oom_reaper$|kthrotld"
    r"|kblockd|kintegrityd|writeback$|netns$|mm_percpu_wq|pool_workqueue_|slub_flushwq"
    r"|inet_frag_wq|jbd2/|ext4-|xfs[-_]|xfsaild/|btrfs-|dm[-_]|dmcrypt_write|md[0-9_]|raid[0-9]"
    r"|scsi_|nvme[-_]|usb-storage|loop[0-9]|kvm-|vhost-|khvcd$|kstrp$|psimon$|kpsmoused$"
    r"|ata_sff$|edac-poller$|devfreq_wq$|card[0-9]-crtc|i915|nfsd$|lockd$|rpciod|nfsiod|kdamond"
    r"|z_|zvol|spl_|arc_|dbu_evict|txg_|mpt_|cfg80211$|ipv6_addrconf$|tpm_dev_wq|hwrng$"
    r"|kmmpd|pr/|bioset$|acpi_thermal_pm|zswap)"
)


def is_kernel_name(comm: str) -> bool:
    return _NAMES.match(comm) is not None
