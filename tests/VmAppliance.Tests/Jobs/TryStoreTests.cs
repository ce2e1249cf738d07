using VmAppliance.Batch;
using VmAppliance.Jobs;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Jobs;

/// <summary>Root's count of how often jobs have come, in a run directory of the test's own.</summary>
sealed class TryStoreTests
{
    sealed class Clock : TimeProvider
    {
        public TimeSpan Later { get; set; }

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + Later;
    }

    static Job Job(string id = "7", string owner = "alice", string cell = "/spool") =>
        new(Sample.Key(id), owner, "vm.q", [], $"{cell}/{id}.1");

    static void Date(string path, int hoursAgo) => File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(-hoursAgo));

    [Test]
    public async Task Each_coming_counts_until_the_job_is_forgotten_and_everybody_may_read_it_but_only_root_write()
    {
        using var directory = new TempDirectory();
        var store = new TryStore(directory["run"]);
        await Assert.That(store.Of(Sample.Key("7"))).IsNull();
        for (var time = 1; time <= 3; time++)
            await Assert.That(new TryStore(directory["run"]).Come(Job(), "demo").Count).IsEqualTo(time);
        await Assert.That((store.Of(Sample.Key("7"))!.Count, store.Come(Job("8"), "demo").Count)).IsEqualTo((3, 1));
        await Assert.That(Files.Facts($"{store.Root}/7.1")!.Value.Mode & 0xFFF).IsEqualTo(0x1A4);
        await Assert.That(Files.Facts(store.Root)!.Value.OthersCanWrite).IsFalse();
        store.Forget(Sample.Key("7"));
        store.Forget(Sample.Key("7"));
        await Assert.That(store.Come(Job(), "demo").Count).IsEqualTo(1);
    }

    [Test]
    public async Task A_time_that_is_taken_back_was_none()
    {
        using var directory = new TempDirectory();
        var store = new TryStore(directory["run"]);
        store.TakeBack(store.Come(Job(), "demo"));
        await Assert.That(Directory.GetFiles(store.Root)).IsEmpty();
        store.Come(Job(), "demo");
        store.TakeBack(store.Come(Job(), "demo"));
        await Assert.That(store.Of(Sample.Key("7"))!.Count).IsEqualTo(1);
    }

    [Test]
    public async Task Another_owners_cells_or_boots_job_of_the_same_number_comes_for_the_first_time()
    {
        using var directory = new TempDirectory();
        var store = new TryStore(directory["run"]);
        store.Come(Job(), "demo");
        await Assert.That(store.Come(Job(owner: "bob"), "demo").Count).IsEqualTo(1);
        await Assert.That(store.Come(Job(owner: "bob", cell: "/other"), "demo").Count).IsEqualTo(1);
        OfAnotherBoot($"{store.Root}/7.1");
        await Assert.That(store.Come(Job(owner: "bob", cell: "/other"), "demo").Count).IsEqualTo(1);
    }

    static void OfAnotherBoot(string path) =>
        File.WriteAllText(path, File.ReadAllText(path).Replace(Host.BootId(), "another", StringComparison.Ordinal));

    [Test]
    public async Task Only_a_later_job_of_the_same_image_that_has_begun_tells_that_others_can()
    {
        using var directory = new TempDirectory();
        var store = new TryStore(directory["run"]);
        store.Begun("demo", store.Now.AddMinutes(-1));
        store.Begun("other", store.Now.AddMinutes(1));
        for (var time = 1; time <= 2; time++)
            await Assert.That(store.Come(Job(), "demo").OthersBegan).IsFalse();
        store.Begun("demo", store.Now.AddMinutes(1));
        // Ended later, came earlier: it takes nothing of that away.
        store.Begun("demo", store.Now.AddMinutes(-5));
        await Assert.That(store.Come(Job(), "demo").OthersBegan).IsTrue();
    }

    [Test]
    public async Task There_are_never_more_files_than_a_bound_and_the_oldest_go()
    {
        using var directory = new TempDirectory();
        var store = new TryStore(directory["run"]);
        for (var job = 0; job < TryStore.MostFiles + 3; job++)
        {
            Directory.CreateDirectory(store.Root);
            directory.Write($"run/tries/{job}.2", "{}");
            Date($"{store.Root}/{job}.2", job == 500 ? 2 : 1);
        }
        store.Come(Job(), "demo");
        store.Come(Job(), "demo");
        await Assert.That(Directory.GetFiles(store.Root).Length).IsEqualTo(TryStore.MostFiles);
        await Assert.That((File.Exists($"{store.Root}/500.2"), store.Of(Sample.Key("7"))!.Count)).IsEqualTo((false, 2));
    }

    [Test]
    public async Task What_nobody_asks_for_any_more_is_swept_and_nothing_else()
    {
        using var directory = new TempDirectory();
        var store = new TryStore(directory["run"]);
        await Assert.That(store.Sweep(dryRun: false)).IsEmpty();
        foreach (var id in new[] { "1", "2", "3" })
            store.Come(Job(id), "demo");
        store.Begun("demo", store.Now);
        directory.Write("run/tries/4.1.new77", "{ half a cou");
        Date($"{store.Root}/1.1", 13);
        Date($"{store.Root}/4.1.new77", 13);
        OfAnotherBoot($"{store.Root}/2.1");
        string Swept(bool dryRun) => string.Join(' ', store.Sweep(dryRun).Order(StringComparer.Ordinal));
        const string rests = "1.1 2.1 4.1.new77";
        await Assert.That((Swept(true), Swept(false), Swept(false))).IsEqualTo((rests, rests, ""));
        var left = Directory.GetFiles(store.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal);
        await Assert.That(string.Join(' ', left)).IsEqualTo("3.1 @demo");
        var later = new TryStore(directory["run"], new Clock { Later = TryStore.Memory * 2 });
        await Assert.That(later.Sweep(dryRun: true).Count).IsEqualTo(2);
    }

    // Killed between making the file beside it and renaming it, or on a disk that lost what was not yet on it.
    [Test]
    [Arguments("7.1.new77", 2)]
    [Arguments("7.1", 1)]
    public async Task What_a_killed_hook_left_half_done_neither_stops_the_next_one_nor_counts(string name, int count)
    {
        using var directory = new TempDirectory();
        var store = new TryStore(directory["run"]);
        store.Come(Job(), "demo");
        directory.Write($"run/tries/{name}", "{ \"count\": 9");
        await Assert.That(store.Come(Job(), "demo").Count).IsEqualTo(count);
    }

    [Test]
    public async Task Who_reads_while_it_is_written_reads_one_count_or_the_next()
    {
        using var directory = new TempDirectory();
        var store = new TryStore(directory["run"]);
        store.Come(Job(), "demo");
        var writer = Task.Run(() =>
        {
            for (var time = 0; time < 300; time++)
                store.Come(Job(), "demo");
        });
        var last = 1;
        while (!writer.IsCompleted)
        {
            var now = new TryStore(directory["run"]).Of(Sample.Key("7"))!.Count;
            await Assert.That(now).IsGreaterThanOrEqualTo(last);
            last = now;
        }
        await writer;
        await Assert.That(store.Of(Sample.Key("7"))!.Count).IsEqualTo(301);
    }

    [Test]
    public async Task A_job_that_cannot_be_counted_has_come_for_the_first_time()
    {
        using var directory = new TempDirectory();
        directory.Write("run", "no directory");
        var store = new TryStore(directory["run"]);
        await Assert.That((store.Come(Job(), "demo").Count, store.Come(Job(), "demo").Count)).IsEqualTo((1, 1));
        store.Begun("demo", store.Now);
        store.Forget(Sample.Key("7"));
        await Assert.That(store.Sweep(dryRun: false)).IsEmpty();
    }

    [Test]
    [Arguments("../7", "1")]
    [Arguments("@demo", "1")]
    [Arguments("7/..", "1")]
    [Arguments("7", "1/../../x")]
    [Arguments("7.1.new", "1")]
    [Arguments(".", "1")]
    public async Task No_job_has_a_name_that_leads_elsewhere_or_to_an_images_file(string id, string task) =>
        await Assert.That(JobKey.Parse(id, task)).IsNull();
}
