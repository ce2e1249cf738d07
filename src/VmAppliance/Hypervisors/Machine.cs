using VmAppliance.Linux;

namespace VmAppliance.Hypervisors;

/// <summary>A machine that this process has just started, with what is needed to watch it boot.</summary>
/// <param name="reference">How others find it.</param>
/// <param name="name">What people call it in messages: <c>process 71</c>, <c>domain vma-7.1</c>.</param>
/// <param name="process">A process that ends when it ends.</param>
/// <param name="console">Its console.</param>
/// <param name="address">Where its sshd can be reached: an address of the node, or the machine's own (null until it has one).</param>
/// <param name="port">TCP port of its sshd.</param>
/// <param name="complaint">Tells what the hypervisor said on its standard error.</param>
/// <param name="isStopped">Tells whether somebody has stopped it.</param>
/// <param name="handOver">Gives its owner what is the owner's only once it is ready; null when that is nothing.</param>
sealed class Machine(MachineReference reference, string name, ProcessHandle process, ConsoleTail console, string? address, int port, Func<string> complaint, Func<bool> isStopped, Action? handOver = null) : IDisposable
{
    /// <summary>How others find it.</summary>
    public MachineReference Reference { get; } = reference;

    /// <summary>What people call it in messages.</summary>
    public string Name { get; } = name;

    /// <summary>Readable for poll(2) when the machine has ended.</summary>
    public ProcessHandle Process { get; } = process;

    /// <summary>Its console.</summary>
    public ConsoleTail Console { get; } = console;

    /// <summary>Where its sshd is reached from the node; null when that is the machine's own address.</summary>
    public string? Address { get; } = address;

    /// <summary>TCP port of its sshd.</summary>
    public int Port { get; } = port;

    /// <summary>Whether somebody ended it by a signal, rather than itself or its hypervisor.</summary>
    public bool WasKilled => Process.TryReap() != 0;

    /// <summary>Whether somebody has stopped it.</summary>
    public bool IsStopped => isStopped();

    /// <summary>Gives its owner what is the owner's from now on, as the machine is ready.</summary>
    public void HandOver() => handOver?.Invoke();

    /// <summary>Why it ended, as far as anybody can tell: the hypervisor's last words, else the guest's.</summary>
    public string LastWords()
    {
        Console.Drain();
        var said = complaint().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();
        return said ?? Console.LastWords() ?? "it said nothing";
    }

    public void Dispose()
    {
        Console.Dispose();
        Process.Dispose();
    }
}
