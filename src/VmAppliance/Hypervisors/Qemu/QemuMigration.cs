using System.Globalization;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Hypervisors.Qemu;

/// <summary>
/// A machine's state into a file, and out of it again: QEMU's migration, to nowhere and from nowhere. The memory is not in it: x-ignore-shared
/// leaves out what is a file that others can see.
/// </summary>
static class QemuMigration
{
    /// <summary>What a QEMU must be capable of, on both ways: arguments of <c>migrate-set-capabilities</c>.</summary>
    public const string Capabilities = """{"capabilities":[{"capability":"x-ignore-shared","state":true},{"capability":"events","state":true}]}""";
    // Bytes per second: QEMU holds itself back to 32 MiB/s by default.
    const string Unhindered = """{"max-bandwidth":1099511627776}""";

    // A card that is up announces what it was when the machine was frozen, and what it is now nobody has to be told: who is there to hear it is new, too.
    const string Quiet = """{"announce-rounds":0}""";

    // memory-backend-file got rom=off in this one; readonly=on without it makes memory that no guest can write.
    static readonly Version s_opensReadOnly = new(8, 2);

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Stops a machine and writes its state into a file. It gets the end of a pipe for that: to a name it may have no way.</summary>
    /// <param name="directory">The lease's directory.</param>
    /// <param name="file">The file.</param>
    /// <returns>Whether this QEMU can open memory for reading only.</returns>
    public static bool Save(string directory, string file)
    {
        var deadline = Deadline.In(Patience);
        using var monitor = QmpClient.Connect($"{directory}/{QemuCommand.MonitorSocket}", deadline);
        monitor.Execute("stop");
        monitor.Execute("migrate-set-capabilities", Capabilities);
        monitor.Execute("migrate-set-parameters", Unhindered);
        var (read, write) = Descriptor.Pipe();
        using (read)
        {
            using (write)
                monitor.Give("state", write);
            monitor.Execute("migrate", """{"uri":"fd:state"}""");
            Receive(read, file, deadline);
            monitor.AwaitMigration();
        }
        return monitor.Version >= s_opensReadOnly;
    }

    /// <summary>Resumes a machine that was started with <c>-incoming defer</c>.</summary>
    /// <param name="monitor">Its monitor.</param>
    /// <param name="state">The number of QEMU's descriptor of the state.</param>
    public static void Load(QmpClient monitor, int state)
    {
        monitor.Execute("migrate-set-capabilities", Capabilities);
        monitor.Execute("migrate-set-parameters", Quiet);
        monitor.Execute("migrate-incoming", string.Create(CultureInfo.InvariantCulture, $$"""{"uri":"fd:{{state}}"}"""));
        monitor.AwaitMigration();
        monitor.Execute("cont");
    }

    static void Receive(Descriptor pipe, string file, Deadline deadline)
    {
        using var output = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
        var buffer = new byte[1 << 16];
        while (true)
        {
            Await(pipe.Number, deadline);
            if (pipe.Read(buffer) is > 0 and var count)
                output.Write(buffer, 0, count);
            else
                return;
        }
    }

    static void Await(int descriptor, Deadline deadline)
    {
        if (Poll.Readable(deadline, descriptor) < 0)
            throw new ApplianceException(Blame.Node, "freeze machine", "its state", $"QEMU did not write it within {Patience.TotalSeconds:0} s");
    }
}
