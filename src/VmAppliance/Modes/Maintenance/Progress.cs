using System.Globalization;

namespace VmAppliance.Modes.Maintenance;

/// <summary>A bar on standard error, where that is a terminal; nothing elsewhere.</summary>
sealed class Progress : IDisposable
{
    const int Width = 30, LineWidth = 100;

    readonly bool _isSeen = !Console.IsErrorRedirected;

    /// <summary>Shows how far it is.</summary>
    /// <param name="what">What is being done.</param>
    /// <param name="part">How much of it is done, from 0 to 1.</param>
    public void Show(string what, double part)
    {
        if (!_isSeen)
            return;
        var done = (int)(Width * Math.Clamp(part, 0, 1));
        var line = string.Create(CultureInfo.InvariantCulture, $"[{new string('#', done)}{new string('.', Width - done)}] {part * 100,3:0} %  {what}");
        Console.Error.Write($"\r{line[..Math.Min(line.Length, LineWidth)].PadRight(LineWidth)}");
    }

    public void Dispose()
    {
        if (_isSeen)
            Console.Error.Write($"\r{new string(' ', LineWidth)}\r");
    }
}
