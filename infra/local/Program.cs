using Bibind.Local;

await using var postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataFolder = args[0] });
await LocalServer.PrepareAsync(postgres);
Console.WriteLine(postgres.SuperuserConnectionString);
Console.WriteLine($"{postgres.ProcessId} {postgres.Folder}");
Console.ReadLine();
