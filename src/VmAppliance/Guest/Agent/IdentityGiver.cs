using System.Text.Json;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>Where the identity comes from: the port if the machine has one, else a seed disk.</summary>
abstract class IdentityGiver : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Waits until the port or the seed disk is there; the kernel may still be looking for its devices.</summary>
    /// <exception cref="ApplianceException">Neither turns up.</exception>
    public static IdentityGiver Wait()
    {
        using var changed = new ManualResetEventSlim();
        using var watcher = new FileSystemWatcher("/dev") { NotifyFilter = NotifyFilters.FileName };
        watcher.Created += (_, _) => changed.Set();
        watcher.EnableRaisingEvents = true;
        var deadline = Deadline.In(Patience);
        while (!deadline.Passed)
        {
            changed.Reset();
            if (Find() is { } giver)
                return giver;
            changed.Wait(deadline.Milliseconds);
        }
        throw new ApplianceException(Blame.Node, "find identity", GuestMessage.PortName, "there is neither this port nor a seed disk");
    }

    /// <summary>Whether a message comes at the moment it was written: then its time is the time.</summary>
    public abstract bool IsLive { get; }

    /// <summary>The next message; null when there will be no more.</summary>
    public abstract GuestMessage? Next();

    /// <summary>Tells the node what came of it.</summary>
    public abstract void Answer(GuestMessage message);

    public abstract void Dispose();

    static IdentityGiver? Find()
    {
        if (PortDevice() is { } device)
            return new Port(device);
        foreach (var disk in Directory.GetFiles("/dev").Where(IsDisk))
            if (ReadSeed(disk) is { } identity)
                return new Seed(identity);
        return null;
    }

    static string? PortDevice()
    {
        const string ports = "/sys/class/virtio-ports";
        return !Directory.Exists(ports) ? null : Directory.GetDirectories(ports)
            .Where(p => File.ReadAllText($"{p}/name").Trim() == GuestMessage.PortName)
            .Select(p => $"/dev/{Path.GetFileName(p)}").FirstOrDefault(File.Exists);
    }

    // Whole disks only: vdb, xvdb, sdb.
    static bool IsDisk(string path) => Path.GetFileName(path) is var name && (name.StartsWith("vd", StringComparison.Ordinal)
        || name.StartsWith("xvd", StringComparison.Ordinal) || name.StartsWith("sd", StringComparison.Ordinal)) && char.IsAsciiLetter(name[^1]);

    static Identity? ReadSeed(string disk)
    {
        try
        {
            using var stream = File.OpenRead(disk);
            return SeedDisk.Read(stream);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The virtio-serial port: a conversation that lasts as long as the machine.</summary>
    sealed class Port : IdentityGiver
    {
        readonly Descriptor _device;
        readonly LineBuffer _lines = new();
        readonly byte[] _buffer = new byte[4096];

        public Port(string device)
        {
            _device = Descriptor.Open(device, OpenMode.ReadWrite);
            Answer(new GuestMessage { Hello = true });
        }

        public override bool IsLive => true;

        public override GuestMessage? Next()
        {
            while (true)
            {
                while (_lines.Next() is { } line)
                    if (GuestChannel.Parse(line) is { } message)
                        return message;
                var count = _device.Read(_buffer);
                if (count <= 0)
                    return null;
                _lines.Add(_buffer.AsSpan(0, count));
            }
        }

        public override void Answer(GuestMessage message) =>
            _device.WriteAll([.. JsonSerializer.SerializeToUtf8Bytes(message, GuestJson.Default.GuestMessage), (byte)'\n']);

        public override void Dispose() => _device.Dispose();
    }

    /// <summary>The seed disk: it speaks once, and is answered on the console.</summary>
    sealed class Seed(Identity identity) : IdentityGiver
    {
        Identity? _identity = identity;

        public override bool IsLive => false;

        public override GuestMessage? Next()
        {
            if (Interlocked.Exchange(ref _identity, null) is { } once)
                return new GuestMessage { Identity = once };
            new ManualResetEvent(false).WaitOne();
            return null;
        }

        public override void Answer(GuestMessage message)
        {
            using var console = Descriptor.Open("/dev/console", OpenMode.Write | OpenMode.NoTerminal);
            console.WriteAll(System.Text.Encoding.UTF8.GetBytes(
                message.Error is { } error ? $"\n{SeedDisk.ErrorLine}{error}\n" : $"\n{SeedDisk.ReadyLine}\n"));
        }

        public override void Dispose()
        {
        }
    }
}
