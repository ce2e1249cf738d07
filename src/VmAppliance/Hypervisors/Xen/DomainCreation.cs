using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using VmAppliance.Diagnostics;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Hypervisors.Xen;

/// <summary>
/// One <c>xl create</c> from its start to the running domain. xl stays, as its domain's guard: it ends when the domain ends, and so
/// tells everybody who has a pidfd of it. What it writes comes through a pipe that it can read itself, so that it never
/// dies of writing when nobody listens any more.
/// </summary>
sealed partial class DomainCreation : IDisposable
{
    readonly string _name;
    readonly Descriptor _read;
    const int MostSaid = 64 * 1024;

    readonly TailStream _said = new(MostSaid);

    /// <summary>Starts it.</summary>
    /// <param name="xl">xl's path.</param>
    /// <param name="name">The domain's name.</param>
    /// <param name="configuration">Its configuration file.</param>
    /// <param name="held">Descriptors that xl keeps open for as long as it lives: should we be killed, what they hold must not become somebody else's.</param>
    /// <exception cref="LinuxException">xl cannot be started.</exception>
    public DomainCreation(string xl, string name, string configuration, params IEnumerable<int> held)
    {
        _name = name;
        (_read, var write) = Descriptor.Pipe();
        using (write)
        using (var nothing = Descriptor.Open("/dev/null", OpenMode.Read))
            Guard = ProcessHandle.Open(Spawn.Start(xl, [.. new[] { xl, "create", "-q", "-F", configuration }.Select(Encoding.UTF8.GetBytes)],
                CommandRunner.CleanEnvironment, [nothing.Number, write.Number, write.Number, _read.Number, .. held], "/"u8.ToArray()))!;
    }

    /// <summary>The process; its owner is whoever takes it.</summary>
    public ProcessHandle Guard { get; }

    /// <summary>Waits until the domain runs.</summary>
    /// <returns>The domain's number.</returns>
    /// <exception cref="ApplianceException">It cannot be made, or not in time.</exception>
    public int Wait(Deadline deadline)
    {
        var (buffer, source) = (new byte[4096], _read.Number);
        while (true)
        {
            if (Running().Match(_said.Text) is { Success: true } line)
                return int.Parse(line.Groups[1].Value, CultureInfo.InvariantCulture);
            // The pipe comes first: what xl said before it ended is the reason. Once nobody can write to it any more it is readable for ever.
            switch (deadline.Passed ? -1 : Poll.Readable(deadline, source, Guard.PollDescriptor))
            {
                case 0 when _read.Read(buffer) is > 0 and var count:
                    _said.Write(buffer, 0, count);
                    break;
                case 0:
                    source = -1;
                    break;
                case 1:
                    throw Failed();
                default:
                    throw Late();
            }
        }
    }

    ApplianceException Late() => new(Blame.Node, "start machine", _name, "xl create did not end in time", "is xenstored running? see: systemctl status xenstored");

    // Somebody who ends xl is not the node's fault, and says nothing.
    ApplianceException Failed() => Guard.TryReap() is not 0 and var signal
        ? new ApplianceException(Blame.Transient, "start machine", _name, $"somebody killed xl create (signal {signal})")
        : new ApplianceException(Blame.Node, "start machine", _name, Xl.Reason(_said.Text), "vmappliance maintenance check tells what this node lacks");

    public void Dispose() => _read.Dispose();

    // Waiting for domain vma-7.1 (domid 3) to die [pid 211]
    [GeneratedRegex(@"^Waiting for domain .* \(domid (\d+)\) to die", RegexOptions.Multiline)]
    private static partial Regex Running();
}
