namespace VmAppliance.Diagnostics;

/// <summary>Whose fault a failure is; the batch system's floor turns it into an exit status.</summary>
enum Blame
{
    /// <summary>The job asks for what cannot be: it must not be tried again as it is.</summary>
    Job,

    /// <summary>This node cannot run jobs until somebody mends it; the job may run elsewhere.</summary>
    Node,

    /// <summary>It may work if tried again: a lost machine, a slot that is still being cleaned.</summary>
    Transient,

    /// <summary>
    /// The node has no room just now. It may work if tried again, however often that takes: it says nothing of the
    /// job, the image or the node.
    /// </summary>
    Full,

    /// <summary>
    /// The machine did not do what it should. What tells so, and why, came from its process, its guest or their channels, all of which its owner
    /// could have in hand: it may be the image's or the node's fault, but it proves nothing against them, and must not keep others from the node.
    /// </summary>
    Machine,

    /// <summary>The person at the keyboard called it wrongly.</summary>
    Usage,
}
