"""No module imports, by way of others, itself; imports for types count, too."""

import grimp
import networkx


def test_there_is_no_cycle_of_imports():
    graph = grimp.build_graph("avse", "egs", "recipes", exclude_type_checking_imports=False)
    imports = networkx.DiGraph(
        (one, other) for one in graph.modules for other in graph.find_modules_directly_imported_by(one)
    )
    assert imports.has_edge("avse.jobs.local_pool", "avse.jobs.task")  # the graph holds what is imported
    assert imports.has_edge("avse.enhance.work", "avse.enhance.enhancer")  # and what is for types only
    assert [sorted(part) for part in networkx.strongly_connected_components(imports) if len(part) > 1] == []
