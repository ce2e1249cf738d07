namespace VmAppliance.Hypervisors;

/// <summary>Runs machines. Every verb can be called twice; a machine that is gone already is no error.</summary>
interface IHypervisor
{
    /// <summary>Starts a machine; it runs when this returns.</summary>
    /// <exception cref="Diagnostics.ApplianceException">It cannot be started; nothing of it is left.</exception>
    Machine Start(MachineSpec spec);

    /// <summary>The first part of <see cref="Likeness"/>, which is of this hypervisor and not of the machine; null where machines cannot be frozen.</summary>
    string? Maker { get; }

    /// <summary>
    /// All that a machine must have in common with a frozen one to be resumed from it, as text; null where machines cannot be frozen.
    /// </summary>
    string? Likeness(MachineSpec spec);

    /// <summary>Stops a machine that was started with memory that others shall see, and writes down what else it is.</summary>
    /// <param name="directory">The lease's directory.</param>
    /// <param name="state">The file to write.</param>
    /// <returns>Whether those that are resumed from it can do with memory that is open for reading only.</returns>
    /// <exception cref="Diagnostics.ApplianceException">It could not be done; the machine is of no use any more.</exception>
    bool Freeze(string directory, string state);

    /// <summary>Ends a machine at once and waits until it is gone.</summary>
    /// <exception cref="Diagnostics.ApplianceException">It does not go.</exception>
    void Destroy(MachineReference machine);

    /// <summary>Whether the machine exists, running or paused.</summary>
    bool Exists(MachineReference machine);

    /// <summary>All machines whose lease's directory is below this one, whether the lease is still there or not.</summary>
    IReadOnlyList<(string Directory, MachineReference Machine)> Machines(string leases);

    /// <summary>Listens to a running machine's console, if nobody else does; never waits.</summary>
    /// <param name="directory">The lease's directory.</param>
    ConsoleTail Console(string directory);

    /// <summary>Stops its clock and its cpus.</summary>
    /// <param name="directory">The lease's directory.</param>
    void Pause(string directory);

    /// <summary>Lets it go on.</summary>
    /// <param name="directory">The lease's directory.</param>
    void Resume(string directory);

    /// <summary>Whether it is known to be paused; false where only root could tell.</summary>
    /// <param name="directory">The lease's directory.</param>
    bool IsPaused(string directory);

    /// <summary>What it has used; null when it is gone.</summary>
    MachineUsage? Usage(MachineReference machine);
}
