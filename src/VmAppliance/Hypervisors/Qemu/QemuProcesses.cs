using System.Globalization;
using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Hypervisors.Qemu;

/// <summary>Finds QEMU processes that are ours by their command lines.</summary>
static class QemuProcesses
{
    /// <summary>The process of the machine with this uuid; null when there is none.</summary>
    public static ProcessHandle? Find(Guid uuid)
    {
        var wanted = Encoding.UTF8.GetBytes(uuid.ToString());
        foreach (var pid in Pids())
            if (ValueOf(Arguments(pid), "-uuid"u8)?.SequenceEqual(wanted) == true && ProcessHandle.Open(pid) is { } process)
            {
                // Looked at again now that the pidfd holds it.
                if (ValueOf(Arguments(pid), "-uuid"u8)?.SequenceEqual(wanted) == true)
                    return process;
                process.Dispose();
            }
        return null;
    }

    static IEnumerable<int> Pids() => Directory.GetDirectories("/proc").Select(Path.GetFileName)
        .Select(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0).Where(pid => pid > 0);

    static IReadOnlyList<byte[]> Arguments(int pid)
    {
        try
        {
            return InitialProcess.Split(File.ReadAllBytes($"/proc/{pid}/cmdline"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    static byte[]? ValueOf(IReadOnlyList<byte[]> arguments, ReadOnlySpan<byte> option)
    {
        for (var i = 0; i + 1 < arguments.Count; i++)
            if (arguments[i].AsSpan().SequenceEqual(option))
                return arguments[i + 1];
        return null;
    }
}
